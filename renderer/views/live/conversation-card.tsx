/** One conversation: how full its context is, how it grows, what it cost so far. */
import type { Conversation } from '../../../shared/contract/events.ts';
import { nanoUsdPerCent } from '../../../shared/money.ts';
import { shortModelName, tokensInWords } from '../../../shared/plain-words.ts';
import { plural } from '../../components/count.tsx';
import { Sum } from '../../components/sum.tsx';
import { Tag } from '../../components/tag.tsx';
import { callsLink } from '../../data/links.ts';
import { gaugeShares, gaugeTone } from './gauge.ts';

export function ConversationCard({ conversation }: { readonly conversation: Conversation }) {
  const { id, member, project, client, model, turns, contextTokens, growthTokens, costNanoUsd } = conversation;
  const limitTokens = conversation.limitTokens ?? conversation.windowTokens ?? contextTokens;
  const shares = gaugeShares(conversation);
  const tone = gaugeTone(shares.total);
  const frame = tone === 'plain' ? 'border-line' : tone === 'look' ? 'border-warn' : 'border-stop';
  return (
    <article className={`min-w-0 rounded-card border bg-surface px-4 py-3.5 ${frame}`}>
      <header className="mb-2.5 flex items-start justify-between gap-2">
        <div className="min-w-0">
          <b className="block truncate font-semibold">{project ?? 'unassigned'}</b>
          <span className="block truncate text-dim">
            {[member ?? 'unassigned', client, model === null ? null : shortModelName(model)]
              .filter((part) => part !== null)
              .join(' · ')}
          </span>
        </div>
        <Tag tone={tone}>{shares.total} % of limit</Tag>
      </header>
      <div
        role="meter"
        aria-label="Context against the limit"
        aria-valuemin={0}
        aria-valuemax={limitTokens}
        aria-valuenow={contextTokens}
        aria-valuetext={`${contextTokens.toLocaleString('en-US')} tokens, ${shares.total} % of the limit`}
        className="flex h-2 overflow-hidden rounded-full bg-sunk"
      >
        <i className="h-full bg-series-1" style={{ width: `${shares.cacheRead}%` }} />
        <i className="h-full bg-series-3" style={{ width: `${shares.cacheWrite}%` }} />
        <i className="h-full bg-series-2" style={{ width: `${shares.input}%` }} />
      </div>
      <div aria-hidden="true" className="relative h-4 text-[11px] text-faint">
        <span className="absolute left-1/2 -translate-x-1/2">{short(limitTokens / 2)}</span>
        <span className="absolute left-3/4 -translate-x-1/2">{short((limitTokens * 3) / 4)}</span>
        <span className="absolute right-0">{short(limitTokens)}</span>
      </div>
      <dl className="mt-2 grid grid-cols-[1fr_auto] gap-x-3 gap-y-[3px] text-dim [&_dd]:text-right [&_dd]:font-[550] [&_dd]:text-text [&_dt]:whitespace-nowrap">
        <dt>Context</dt>
        <dd>
          {contextTokens.toLocaleString('en-US')} tokens
          {growthTokens === null ? '' : `, ${signed(growthTokens)} a turn`}
        </dd>
        <dt>In plain words</dt>
        <dd>{tokensInWords(contextTokens)}</dd>
        <dt>So far</dt>
        <dd>
          <Sum
            sum={conversation}
            decimals={costNanoUsd < nanoUsdPerCent ? 6 : 4}
            href={callsLink({ status: 'unpriced', conversation: id })}
          />{' '}
          in {plural(turns, 'turn')}
        </dd>
      </dl>
    </article>
  );
}

/** What the colours of the gauge mean; once for all cards. */
export function GaugeLegend() {
  const parts = [
    ['bg-series-1', 'from cache'],
    ['bg-series-3', 'to cache'],
    ['bg-series-2', 'new'],
  ] as const;
  return (
    <p className="flex gap-3 text-xs text-dim" aria-hidden="true">
      {parts.map(([colour, label]) => (
        <span key={label}>
          <i className={`mr-1.5 inline-block size-[9px] rounded-[3px] ${colour}`} />
          {label}
        </span>
      ))}
    </p>
  );
}

function short(tokens: number): string {
  return tokens >= 1_000 ? `${Math.round(tokens / 1_000)}K` : String(tokens);
}

function signed(tokens: number): string {
  return `${tokens < 0 ? '−' : '+'}${Math.abs(tokens).toLocaleString('en-US')}`;
}
