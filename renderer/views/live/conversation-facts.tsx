/** What a conversation comes to, as rows under its gauge: context, growth, window, cost, next turn, cache. Plain words beside every count of tokens. */
import type { ReactNode } from 'react';

import type { Conversation } from '../../../shared/contract/events.ts';
import { formatExpectedUsd, nanoUsdPerCent } from '../../../shared/money.ts';
import { tokensInWords } from '../../../shared/plain-words.ts';
import { plural } from '../../components/count.tsx';
import { Sum } from '../../components/sum.tsx';
import { callsLink } from '../../data/links.ts';
import { cacheNotice, cacheStanding, countdown, timesAsMuch } from './cache-words.ts';
import { grouped, percentInWords } from './gauge.ts';

type FactsProps = { readonly conversation: Conversation; readonly nowMs: number };

export function ConversationFacts({ conversation, nowMs }: FactsProps) {
  const { id, turns, contextTokens, windowTokens, limitTokens, costNanoUsd } = conversation;
  return (
    <dl className="mt-2 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 text-dim">
      <Fact name="Context" sub={pagesInShort(contextTokens)}>
        {grouped(contextTokens)} tokens
      </Fact>
      <Growth conversation={conversation} />
      {windowTokens === null || limitTokens === null ? null : (
        <Fact name="Window" title="What the model itself can hold" sub={pagesInShort(windowTokens)}>
          {percentInWords(contextTokens, windowTokens)} of {grouped(windowTokens)}
        </Fact>
      )}
      <Fact name="So far">
        <Sum
          sum={conversation}
          decimals={costNanoUsd < nanoUsdPerCent ? 6 : 4}
          href={callsLink({ status: 'unpriced', conversation: id })}
        />{' '}
        in {plural(turns, 'turn')}
      </Fact>
      <NextTurn conversation={conversation} nowMs={nowMs} />
      <Fact name="Cached">{cacheInWords(conversation, nowMs)}</Fact>
    </dl>
  );
}

type FactProps = {
  readonly name: string;
  readonly title?: string;
  readonly sub?: string | null;
  readonly children: ReactNode;
};

function Fact({ name, title, sub = null, children }: FactProps) {
  return (
    <>
      <dt className="whitespace-nowrap" title={title}>
        {name}
      </dt>
      <dd className="text-right font-[550] text-text">
        {children}{' '}
        {sub === null ? null : <span className="ml-0.5 inline-block text-xs font-normal text-dim">{sub}</span>}
      </dd>
    </>
  );
}

function Growth({ conversation }: { readonly conversation: Conversation }) {
  const { growthTokens } = conversation;
  if (growthTokens === null) return null;
  const sign = growthTokens < 0 ? '−' : '+';
  const words = growthTokens > 0 ? pagesInShort(growthTokens) : 'it has been getting shorter';
  const limit = limitInTurns(conversation);
  return (
    <Fact name="Growth" sub={`${growthTokens === 0 ? 'as it was' : words}${limit === null ? '' : `; ${limit}`}`}>
      {growthTokens === 0 ? '±' : sign}
      {grouped(Math.abs(growthTokens))} a turn
    </Fact>
  );
}

function limitInTurns({ contextTokens, limitTokens, turnsToLimit }: Conversation): string | null {
  if (limitTokens !== null && contextTokens > limitTokens) return 'beyond the limit';
  if (turnsToLimit === null) return null;
  return turnsToLimit === 0 ? 'limit at the next turn' : `limit in ${plural(turnsToLimit, 'turn')}`;
}

function NextTurn({ conversation, nowMs }: FactsProps) {
  const { costNanoUsd: now, costAfterExpiryNanoUsd: later } = conversation.nextTurn;
  if (now === null) return <Fact name="Next turn">not known: its model has no price</Fact>;
  const standing = cacheStanding(conversation, nowMs);
  const times = timesAsMuch(now, later);
  if (standing.kind !== 'warm' || later === null || times === null)
    return <Fact name="Next turn">about {formatExpectedUsd(now)}</Fact>;
  return (
    <Fact name="Next turn">
      about {formatExpectedUsd(now)}{' '}
      <span className={`whitespace-nowrap ${cacheNotice(conversation, nowMs) === null ? 'text-dim' : 'text-warn'}`}>
        → {formatExpectedUsd(later)} in {countdown(standing.leftMs)}
      </span>
    </Fact>
  );
}

/** The share of the last prompt that was read from it, and how long it lives from its last use. */
function cacheInWords(conversation: Conversation, nowMs: number): string {
  const { readShare, lifetime } = conversation.cache;
  const percent = Math.floor((readShare ?? 0) * 100);
  const read = percent === 0 ? null : `${percent} % of the prompt`;
  switch (cacheStanding(conversation, nowMs).kind) {
    case 'unused':
      return 'not used';
    case 'gone':
      return read === null ? 'expired' : `${read}; expired`;
    case 'warm':
      return `${read ?? 'just written'}, for\u00a0${lifetime === '1h' ? '1\u00a0hour' : '5\u00a0min'}`;
  }
}

/** Plain words for a narrow row: beside tokens, pages are pages of text. */
function pagesInShort(tokens: number): string {
  return tokensInWords(tokens).replace(' of text', '');
}
