/**
 * What an answer of Stripe means for a meter event. Pure: the state machine of the outbox, without clock, socket or database.
 *
 * - accepted, or "an event already exists with identifier": delivered.
 * - never left this machine (no connection): sealed again; its identifier has not been used.
 * - no answer after it left, or an answer that does not say (timeout, reset, 5xx, 409): unknown; sent again under the same identifier, which is
 *   harmless for the 24 hours that Stripe keeps it. After them it is held: only the summary of its minute can tell whether it arrived.
 * - never left because something before it failed (the stream's session): sealed again.
 * - too many requests: waits as long as Stripe says.
 * - a key that is refused: everything waits for a person; no event is at fault.
 * - older than the 35 days that Stripe takes: set aside, never re-dated; if it may have arrived it is held for the summary first.
 * - any other 400: rejected, with Stripe's reason and what to do.
 * Source: facts/stripe.md sections 1, 6, 9.
 */
import { heldSentence, isIdentifierKept, tooOldSentence } from '../../shared/meter-event.ts';
import { refusedKeyInWords } from '../../shared/stripe-permissions.ts';
import { rejectionOf } from '../../shared/stripe-rejections.ts';
import { backoffMs, type BackoffRange } from '../system/backoff.ts';

export type StripeAnswer =
  /** `isUnchecked`: by the stream, which answers before it looks at anything. */
  | { readonly kind: 'accepted'; readonly isUnchecked?: boolean }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'not_connected'; readonly reason: string }
  /** Something before the request failed, so that it was never made. */
  | { readonly kind: 'not_sent'; readonly reason: string }
  | { readonly kind: 'no_answer'; readonly reason: string; readonly retryAfterMs?: number | null }
  /** `of`: which limit of the whole account; left out when it is this event's customer and meter alone. */
  | {
      readonly kind: 'rate_limited';
      readonly reason: string;
      readonly retryAfterMs: number | null;
      readonly of?: 'rate' | 'concurrency';
    }
  | { readonly kind: 'busy'; readonly reason: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'not_authorized'; readonly reason: string }
  /** `code`: shared/stripe-rejections.ts. */
  | { readonly kind: 'refused'; readonly reason: string; readonly code: string };

export function isDelivered(answer: StripeAnswer): boolean {
  return answer.kind === 'accepted' || answer.kind === 'duplicate';
}

export type Attempt = {
  /** This one included. */
  readonly attempts: number;
  readonly firstSentAtMs: number | null;
  readonly wasUnknown: boolean;
  readonly nowMs: number;
  /** Randomness in [0, 1) for the jitter. */
  readonly fraction: number;
};

export type Decision = {
  readonly state: 'accepted' | 'rejected' | 'sealed' | 'unknown' | 'set_aside';
  readonly nextAttemptAtMs: number | null;
  readonly sentence: string;
  readonly mayHaveArrived: boolean;
  readonly rejectionCode: string | null;
};

const streamedSentence = 'Stripe’s stream took it and says no more; the figure of its day confirms it.';

const range: BackoffRange = { baseMs: 1_000, capMs: 15 * 60_000 };

export function decide(answer: StripeAnswer, attempt: Attempt): Decision {
  switch (answer.kind) {
    case 'accepted':
      return delivered(answer.isUnchecked === true ? streamedSentence : 'Stripe took it.');
    case 'duplicate':
      return delivered('Stripe had it already.');
    case 'not_connected':
      // An earlier attempt whose outcome is unknown stays unknown, however often the network says no since.
      return attempt.wasUnknown ? unknown(attempt, answer.reason) : waiting(attempt, `Offline: ${answer.reason}`);
    case 'not_sent':
      return attempt.wasUnknown ? unknown(attempt, answer.reason) : waiting(attempt, answer.reason);
    case 'no_answer':
      return unknown(attempt, `No answer: ${answer.reason}`, answer.retryAfterMs ?? 0);
    case 'busy':
      return { ...unknown(attempt, `Stripe is busy: ${answer.reason}`, answer.retryAfterMs ?? 0) };
    case 'rate_limited':
      return attempt.wasUnknown
        ? unknown(attempt, `Too many requests: ${answer.reason}`, answer.retryAfterMs ?? 0)
        : waiting(attempt, `Too many requests: ${answer.reason}`, answer.retryAfterMs ?? 0);
    case 'not_authorized':
      return attempt.wasUnknown
        ? unknown(attempt, refusedKeyInWords(answer.reason))
        : waiting(attempt, refusedKeyInWords(answer.reason));
    case 'refused':
      return refused(answer, attempt.wasUnknown);
  }
}

function delivered(sentence: string): Decision {
  return { state: 'accepted', nextAttemptAtMs: null, sentence, mayHaveArrived: true, rejectionCode: null };
}

function refused(
  { reason, code }: { readonly reason: string; readonly code: string },
  mayHaveArrived: boolean,
): Decision {
  const stopped = { nextAttemptAtMs: null, mayHaveArrived, rejectionCode: null };
  if (code === 'timestamp_too_far_in_past') {
    return mayHaveArrived
      ? { ...stopped, state: 'unknown', sentence: heldSentence }
      : { ...stopped, state: 'set_aside', sentence: tooOldSentence };
  }
  const sentence = `Stripe refuses it: ${reason} ${rejectionOf(code).remedy}`;
  return { ...stopped, state: 'rejected', sentence, rejectionCode: code };
}

function waiting(attempt: Attempt, sentence: string, floorMs = 0): Decision {
  return {
    state: 'sealed',
    nextAttemptAtMs: retryAt(attempt, floorMs),
    sentence,
    mayHaveArrived: false,
    rejectionCode: null,
  };
}

function unknown(attempt: Attempt, sentence: string, floorMs = 0): Decision {
  const nextAttemptAtMs = retryAt(attempt, floorMs);
  if (attempt.firstSentAtMs !== null && !isIdentifierKept(attempt.firstSentAtMs, nextAttemptAtMs)) {
    return {
      state: 'unknown',
      nextAttemptAtMs: null,
      sentence: heldSentence,
      mayHaveArrived: true,
      rejectionCode: null,
    };
  }
  return { state: 'unknown', nextAttemptAtMs, sentence, mayHaveArrived: true, rejectionCode: null };
}

function retryAt({ attempts, nowMs, fraction }: Attempt, floorMs: number): number {
  return nowMs + backoffMs(range, attempts - 1, fraction, Math.max(floorMs, range.baseMs / 2));
}
