/**
 * What an answer of Stripe to the cancellation of an event means. Pure.
 *
 * - cancelled: Stripe does not count it any more; its sum is sealed anew.
 * - did not leave, too many requests, a key that is refused: asked again later; nothing has happened.
 * - no answer, or one that does not say: asked again under the same idempotency key, which gives the first answer again if there was one. Where Stripe
 *   answered with a failure the key is used up, since it would be given that failure again.
 * - refused at the first attempt: nothing has happened, the event counts as before. Refused after an attempt that may have arrived: it may be cancelled
 *   already, so it is held until the summary of its minute says so.
 */
import { identifierLifeMs } from '../../shared/meter-event.ts';
import { backoffMs, type BackoffRange } from '../system/backoff.ts';

export type CancelAnswer =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** It surely did nothing. */
  | { readonly kind: 'not_done'; readonly reason: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'no_answer'; readonly reason: string; readonly isKeySpent: boolean };

export type CancelAttempt = {
  /** This one included. */
  readonly attempts: number;
  /** An earlier attempt may have arrived. */
  readonly mayHaveArrived: boolean;
  readonly firstSentAtMs: number;
  readonly nowMs: number;
  readonly fraction: number;
};

export type CancelDecision =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly sentence: string }
  | {
      readonly kind: 'wait';
      /** Null: held until the summary of its minute has been read. */
      readonly nextAttemptAtMs: number | null;
      readonly mayHaveArrived: boolean;
      readonly isKeySpent: boolean;
      readonly sentence: string;
    };

const range: BackoffRange = { baseMs: 1_000, capMs: 15 * 60_000 };
const heldSentence =
  'Stripe was asked to cancel it, since calls of it were corrected, and whether it did is not known; it is held until the summary of its minute has been read.';

export function decideCancellation(answer: CancelAnswer, attempt: CancelAttempt): CancelDecision {
  switch (answer.kind) {
    case 'cancelled':
      return { kind: 'done' };
    case 'refused':
      return attempt.mayHaveArrived
        ? { kind: 'wait', nextAttemptAtMs: null, mayHaveArrived: true, isKeySpent: false, sentence: heldSentence }
        : { kind: 'refused', sentence: `Stripe does not cancel it: ${answer.reason}` };
    case 'not_done':
      return again(attempt, answer, { mayHaveArrived: attempt.mayHaveArrived, isKeySpent: false });
    case 'no_answer':
      return again(attempt, { ...answer, retryAfterMs: null }, { mayHaveArrived: true, isKeySpent: answer.isKeySpent });
  }
}

type Reason = { readonly reason: string; readonly retryAfterMs: number | null };
type After = { readonly mayHaveArrived: boolean; readonly isKeySpent: boolean };

function again(
  { attempts, nowMs, fraction, firstSentAtMs }: CancelAttempt,
  { reason, retryAfterMs }: Reason,
  after: After,
): CancelDecision {
  const floorMs = Math.max(retryAfterMs ?? 0, range.baseMs / 2);
  const nextAttemptAtMs = nowMs + backoffMs(range, attempts - 1, fraction, floorMs);
  const sentence = `Calls of it were corrected; Stripe is asked to cancel it. Last answer: ${reason}`;
  if (nextAttemptAtMs <= firstSentAtMs + identifierLifeMs) return { kind: 'wait', nextAttemptAtMs, sentence, ...after };
  if (after.mayHaveArrived) return { kind: 'wait', nextAttemptAtMs: null, sentence: heldSentence, ...after };
  return { kind: 'refused', sentence: 'Stripe could not be asked within the 24 hours in which it cancels an event.' };
}
