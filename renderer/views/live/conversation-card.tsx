/** One conversation: how full its context is, how it grows, what it cost and will cost; what was said of it, and the click that lets it on. */
import { Link } from 'wouter';

import type { Conversation } from '../../../shared/contract/events.ts';
import type { RefusedCall } from '../../../shared/contract/limits-view.ts';
import { shortModelName } from '../../../shared/plain-words.ts';
import { LetOn } from '../../components/let-on.tsx';
import { Tag, type Tone } from '../../components/tag.tsx';
import { callsLink } from '../../data/links.ts';
import { cacheNotice } from './cache-words.ts';
import { ContextGauge } from './context-gauge.tsx';
import { ConversationFacts } from './conversation-facts.tsx';
import { gaugeShares, gaugeTone, isNearlyFull, shareInWords } from './gauge.ts';
import { StopBox } from './stop-box.tsx';
import { WarningLines } from './warning-lines.tsx';

type ConversationCardProps = {
  readonly conversation: Conversation;
  /** The call it was stopped at, where it stands still for that. */
  readonly stopped: RefusedCall | null;
  /** The engine's time, as of the picture. */
  readonly nowMs: number;
};

const frames: Readonly<Record<Tone, string>> = {
  plain: 'border-line',
  well: 'border-line',
  look: 'border-warn',
  stopped: 'border-stop',
};

export function ConversationCard({ conversation, stopped, nowMs }: ConversationCardProps) {
  const { id, warnings, letOn } = conversation;
  const shares = gaugeShares(conversation);
  const notice = stopped === null ? cacheNotice(conversation, nowMs) : null;
  const asksToBeSeen = isNearlyFull(shares) || notice !== null;
  const tone: Tone = stopped !== null ? 'stopped' : asksToBeSeen ? 'look' : 'plain';
  // In one place whatever holds, so that the focus stays with it when a click changes what holds.
  const isOffered = stopped !== null || letOn !== null || warnings.length > 0 || gaugeTone(shares) === 'look';
  return (
    <article
      aria-label={nameOf(conversation)}
      className={`min-w-0 rounded-card border bg-surface px-4 py-3.5 ${frames[tone]}`}
    >
      <header className="mb-2.5 flex items-start justify-between gap-2">
        <Names conversation={conversation} />
        <span className="flex flex-none flex-col items-end gap-1">
          {stopped === null ? null : <Tag tone="stopped">stopped</Tag>}
          <Tag tone={gaugeTone(shares)}>{shareInWords(shares)}</Tag>
          {letOn === null ? null : <Tag tone="well">let on</Tag>}
        </span>
      </header>
      <ContextGauge context={conversation} stoppedBy={stopped?.cause ?? null} />
      <ConversationFacts conversation={conversation} nowMs={nowMs} />
      {stopped === null ? null : <StopBox call={stopped} />}
      <WarningLines warnings={warnings} notice={notice} />
      {isOffered ? <LetOn conversation={id} letOn={letOn} /> : null}
    </article>
  );
}

function Names({ conversation }: { readonly conversation: Conversation }) {
  const { id, parent, member, client, model, project } = conversation;
  const parts = [member ?? 'unassigned', client, model === null ? null : shortModelName(model)];
  return (
    <div className="min-w-0">
      <Link
        href={callsLink({ conversation: id })}
        className="block truncate font-semibold hover:underline"
        title="Its calls"
      >
        {project ?? 'unassigned'}
      </Link>
      <span className="block text-dim">{parts.filter((part) => part !== null).join(' · ')}</span>
      {parent === null ? null : (
        <span className="block truncate text-xs text-dim">
          from{' '}
          <Link href={callsLink({ conversation: parent })} className="underline underline-offset-2" title={parent}>
            {shortName(parent)}
          </Link>
        </span>
      )}
    </div>
  );
}

function nameOf({ project, member, parent }: Conversation): string {
  const from = parent === null ? '' : `, from ${shortName(parent)}`;
  return `Conversation of ${member ?? 'nobody named'}, ${project ?? 'unassigned'}${from}`;
}

/** A session's name is as long as a UUID; its beginning tells it apart, the whole stands in the title. */
function shortName(conversation: string): string {
  return conversation.length > 18 ? `${conversation.slice(0, 12)}…` : conversation;
}
