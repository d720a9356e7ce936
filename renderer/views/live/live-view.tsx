/** Live: the one number a person came for, the hour behind it, the conversations that grow, the calls on their way and just done. */
import type { Conversation } from '../../../shared/contract/events.ts';
import { Loading, NoCalls } from '../../components/states.tsx';
import { SpendTrace } from '../../charts/spend-trace.tsx';
import { useLive } from '../../data/live.ts';
import { useStatus } from '../../data/queries.ts';
import { BatchesWaiting } from './batches-waiting.tsx';
import { CallsNow } from './calls-now.tsx';
import { ConversationCard, GaugeLegend } from './conversation-card.tsx';
import { Meter } from './meter.tsx';

/** Twice the life of a prompt cache: what was left alone for longer starts anew in all but name. */
const activeMs = 10 * 60_000;
/** Two rows on a laptop; the Calls screen has the rest. */
const conversationsShown = 6;

export function LiveView() {
  const { snapshot } = useLive();
  const { data: status } = useStatus();
  if (!snapshot || !status) return <Loading what="the meter" />;
  const isRecent = ({ lastAtMs }: Conversation) => lastAtMs > snapshot.atMs - activeMs;
  // The fullest first: the order changes slowly, so that cards do not change places at every call.
  const conversations = snapshot.conversations
    .filter(isRecent)
    .toSorted((a, b) => b.contextTokens - a.contextTokens)
    .slice(0, conversationsShown);
  const isEmpty = snapshot.month.calls === 0 && snapshot.inFlightCount === 0 && snapshot.recent.length === 0;
  return (
    <>
      <h1 className="mb-2">Live</h1>
      <section
        aria-label="Spend"
        className="mb-7 grid items-end gap-x-9 gap-y-6 lg:grid-cols-[minmax(400px,1fr)_1.4fr]"
      >
        <Meter snapshot={snapshot} />
        <SpendTrace minutes={snapshot.minutes} />
      </section>
      {isEmpty ? (
        <>
          <BatchesWaiting />
          <NoCalls proxyUrl={status.proxyUrl} />
        </>
      ) : (
        <>
          {conversations.length === 0 ? null : (
            <section className="mb-7" aria-labelledby="conversations">
              <div className="mb-2.5 flex flex-wrap items-baseline justify-between gap-x-4">
                <h2 id="conversations">Conversations of the last ten minutes, fullest first</h2>
                <GaugeLegend />
              </div>
              <div className="grid grid-cols-1 gap-3 sm:grid-cols-[repeat(auto-fill,minmax(300px,1fr))]">
                {conversations.map((conversation) => (
                  <ConversationCard key={conversation.id} conversation={conversation} />
                ))}
              </div>
            </section>
          )}
          <BatchesWaiting />
          <CallsNow snapshot={snapshot} />
        </>
      )}
    </>
  );
}
