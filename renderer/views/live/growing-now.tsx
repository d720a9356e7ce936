/** The conversations that grow now, those that were stopped first, then the fullest; and the stopped calls that have no card. */
import type { Conversation, LiveSnapshot } from '../../../shared/contract/events.ts';
import { GaugeLegend } from './context-gauge.tsx';
import { ConversationCard } from './conversation-card.tsx';
import { stoppedAt, stoppedElsewhere } from '../../data/stopped.ts';
import { StoppedCalls } from './stopped-calls.tsx';

/** Twice the life of a prompt cache: what was left alone for longer starts anew in all but name. */
const activeMs = 10 * 60_000;
/** Two rows on a laptop; the Calls screen has the rest. */
const conversationsShown = 6;

export function GrowingNow({ snapshot }: { readonly snapshot: LiveSnapshot }) {
  const { atMs, refused } = snapshot;
  const cards = shownFirst(snapshot);
  return (
    <>
      {cards.length === 0 ? null : (
        <section className="mb-7" aria-labelledby="conversations">
          <div className="mb-2.5 flex flex-wrap items-baseline justify-between gap-x-4">
            <h2 id="conversations">Conversations of the last ten minutes, fullest first</h2>
            <GaugeLegend />
          </div>
          <div className="grid grid-cols-1 gap-3 sm:grid-cols-[repeat(auto-fill,minmax(320px,1fr))]">
            {cards.map(({ conversation, stopped }) => (
              <ConversationCard key={conversation.id} conversation={conversation} stopped={stopped} nowMs={atMs} />
            ))}
          </div>
        </section>
      )}
      <StoppedCalls
        groups={stoppedElsewhere(
          refused,
          snapshot.conversations,
          cards.map(({ conversation }) => conversation.id),
        )}
      />
    </>
  );
}

/** The order changes slowly, so that cards do not change places at every call. */
function shownFirst({ atMs, conversations, refused }: LiveSnapshot) {
  return conversations
    .map((conversation) => ({ conversation, stopped: stoppedAt(conversation, refused) }))
    .filter(({ conversation, stopped }) => lastSeenMs(conversation, stopped?.atMs) > atMs - activeMs)
    .toSorted(
      (a, b) =>
        Number(b.stopped !== null) - Number(a.stopped !== null) ||
        b.conversation.contextTokens - a.conversation.contextTokens,
    )
    .slice(0, conversationsShown);
}

function lastSeenMs({ lastAtMs }: Conversation, stoppedAtMs = 0): number {
  return Math.max(lastAtMs, stoppedAtMs);
}
