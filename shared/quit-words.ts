/** What whoever quits is told of the outbox: how many meter events wait, and that they are kept. Pure. */
import { formatUsd } from './money.ts';

export type WaitingOutbox = { readonly waitingEvents: number; readonly waitingNanoUsd: number };

/** Null when nothing waits. */
export function quitSentence({ waitingEvents, waitingNanoUsd }: WaitingOutbox): string | null {
  if (waitingEvents === 0) return null;
  const isOne = waitingEvents === 1;
  const events = isOne ? '1 meter event' : `${waitingEvents.toLocaleString('en-US')} meter events`;
  const [waits, are] = isOne ? ['waits', 'It is'] : ['wait', 'They are'];
  return `${events}, worth ${formatUsd(waitingNanoUsd)}, ${waits} for Stripe. ${are} kept and sent at the next start.`;
}
