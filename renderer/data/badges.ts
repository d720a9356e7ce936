/** What the rail says beside a noun: only what waits for a person. Pure. */
import type { LiveSnapshot } from '../../shared/contract/events.ts';
import { stoppedElsewhere } from './stopped.ts';

export function badgesOf(snapshot: LiveSnapshot | null): Readonly<Record<string, string>> {
  if (snapshot === null) return {};
  const { budgetWarnings, stripe } = snapshot;
  const stopped = conversationsStopped(snapshot);
  const spent = new Set(
    budgetWarnings
      .filter(({ percent }) => percent === 100)
      .map(({ of, whose, per }) => JSON.stringify([of, whose, per])),
  ).size;
  // Events on their way need nobody; those that cannot be sent do.
  const waiting = stripe.state === 'ok' ? 0 : stripe.waitingEvents;
  return {
    ...(stopped > 0 ? { Live: `${stopped} stopped` } : {}),
    ...(spent > 0 ? { Limits: `${spent} spent` } : {}),
    ...(waiting > 0 ? { Stripe: `${waiting.toLocaleString('en-US')} wait` } : {}),
  };
}

/** A stopped call of no conversation can be let on by nobody, and one that is let on waits for nobody. */
function conversationsStopped({ refused, conversations }: LiveSnapshot): number {
  const stopped = stoppedElsewhere(refused, conversations, []);
  return stopped.filter(({ newest }) => newest.conversation !== null && newest.letOn === null).length;
}
