/** What the simulated Stripe can be told to do wrong. Each fault is used up by the request it strikes, the switches stay. */

export type StripeFault =
  /** Takes the event and drops the connection instead of answering. */
  | 'lose_answer'
  /** Answers 500 without taking the event; the same idempotency key gets the same 500 for a day. */
  | 'error_500'
  | 'conflict_409'
  | 'rate_limit_429'
  /** 429 without `Stripe-Rate-Limited-Reason`, as a lock timeout gives. */
  | 'lock_timeout_429'
  | 'drop_connection';

export type StripeRules = {
  /** Requests a second for the account: 25 in a sandbox, 1000 live (facts/stripe.md section 1). */
  readonly requestsPerSecond: number;
  /** How long a meter event is worked on; a second one for the same customer and meter within it is answered 409. */
  readonly handlingMs: number;
  /** How far summaries are behind. */
  readonly summaryLagMs: number;
  /** Answers nothing: every connection is dropped before a byte is read. */
  readonly isOffline: boolean;
};

export const defaultStripeRules: StripeRules = {
  requestsPerSecond: 25,
  handlingMs: 0,
  summaryLagMs: 0,
  isOffline: false,
};

export type RateLimiter = { readonly allows: (nowMs: number) => boolean };

/** Counts within the running second. */
export function createRateLimiter(perSecond: () => number): RateLimiter {
  let second = 0;
  let count = 0;
  return {
    allows: (nowMs) => {
      const now = Math.floor(nowMs / 1_000);
      if (now !== second) {
        second = now;
        count = 0;
      }
      count += 1;
      return count <= perSecond();
    },
  };
}
