/** What the simulated Stripe can be told to do wrong. Each fault is used up by the request it strikes, the switches stay. */
import { v1Error, type StripeReply } from './stripe-answers.ts';

export type StripeFault =
  /** Takes the event and drops the connection instead of answering. */
  | 'lose_answer'
  /** Answers 500 without taking the event; the same idempotency key gets the same 500 for a day. */
  | 'error_500'
  | 'conflict_409'
  | 'rate_limit_429'
  /** 429 without `Stripe-Rate-Limited-Reason`, as a lock timeout gives. */
  | 'lock_timeout_429'
  | 'drop_connection'
  /** The session of the stream ends with its batch half taken: the rest is not, and the answer is 401. */
  | 'expire_session'
  /** Takes the event and breaks the connection after so many bytes of the answer. */
  | { readonly kind: 'cut_answer'; readonly bytes: number }
  /** Answers 200 and finds later that it does not count the event: its customer was deleted meanwhile, say. */
  | { readonly kind: 'reject_later'; readonly code: string };

export type StripeRules = {
  /** Requests a second for the account: 25 in a sandbox, 1000 live (facts/stripe.md section 1). */
  readonly requestsPerSecond: number;
  /** How long a meter event is worked on; a second one for the same customer and meter within it is answered 409. */
  readonly handlingMs: number;
  /** How far summaries are behind. */
  readonly summaryLagMs: number;
  /** Whether they hold what is stamped with the very end of their range: Stripe's text says both (facts/stripe.md section 3). */
  readonly isSummaryEndIncluded: boolean;
  /** How far they are behind a cancellation, besides; its answer is `pending` then. */
  readonly adjustmentLagMs: number;
  /** How long an invoice is a draft: 1 h to 72 h (facts/stripe.md section 4). */
  readonly invoiceGraceMs: number;
  /** What the last invoice of a cancelled subscription says it was made for; the facts leave it open. */
  readonly closingInvoiceReason: 'subscription_cycle' | 'subscription_update' | 'manual';
  /** How long after its event an error report stands in the list. */
  readonly reportDelayMs: number;
  /** Events a second that the stream takes (facts/stripe.md section 2). */
  readonly streamEventsPerSecond: number;
  /** What a report of a streamed event names: the event, or the key of the request that held it and others. */
  readonly streamReportsName: 'event' | 'request';
  /** Reports hold samples: false lets them say how many errors there were without naming an event. */
  readonly namesSamples: boolean;
  /** In which order reports are listed: nobody says (facts/stripe.md section 3). */
  readonly reportsOrder: 'newest_first' | 'oldest_first';
  /** Whether the summaries of a customer that was deleted are answered 404 (facts/stripe.md section 3 does not say). */
  readonly refusesDeletedCustomers: boolean;
  /** Whose account it is. */
  readonly accountId: string;
  /** What restricted keys (rk_…) may do, as `customer_read`; null: everything. */
  readonly restrictedTo: readonly string[] | null;
  /** Answers nothing: every connection is dropped before a byte is read. */
  readonly isOffline: boolean;
};

export const defaultStripeRules: StripeRules = {
  requestsPerSecond: 25,
  streamEventsPerSecond: 10_000,
  streamReportsName: 'event',
  handlingMs: 0,
  summaryLagMs: 0,
  isSummaryEndIncluded: false,
  adjustmentLagMs: 0,
  invoiceGraceMs: 3_600_000,
  closingInvoiceReason: 'subscription_cycle',
  reportDelayMs: 0,
  namesSamples: true,
  reportsOrder: 'newest_first',
  refusesDeletedCustomers: false,
  accountId: 'acct_sandbox',
  restrictedTo: null,
  isOffline: false,
};

/** The answer that a fault gives in place of Stripe's own; null when it strikes elsewhere. */
export function faultReply(fault: StripeFault | undefined): StripeReply | null {
  switch (fault) {
    case 'error_500':
      return { status: 500, body: { error: { type: 'api_error', message: 'An unknown error occurred' } } };
    case 'conflict_409':
      return conflict();
    case 'rate_limit_429':
      return rateLimited('endpoint-rate');
    case 'lock_timeout_429': {
      const message = 'This object cannot be accessed right now.';
      return { status: 429, body: { error: { type: 'invalid_request_error', code: 'lock_timeout', message } } };
    }
    default:
      return null;
  }
}

export function conflict(): StripeReply {
  const message = 'Cannot create multiple usage events for the same customer, meter concurrently';
  return v1Error(409, { message, code: 'too_many_concurrent_requests' });
}

export function rateLimited(reason: string): StripeReply {
  return {
    status: 429,
    body: { error: { type: 'invalid_request_error', code: 'rate_limit', message: 'Request rate limit exceeded.' } },
    headers: { 'stripe-rate-limited-reason': reason },
  };
}

export type RateLimiter = { readonly allows: (nowMs: number, weight?: number) => boolean };

/** Counts within the running second. */
export function createRateLimiter(perSecond: () => number): RateLimiter {
  let second = 0;
  let count = 0;
  return {
    allows: (nowMs, weight = 1) => {
      const now = Math.floor(nowMs / 1_000);
      if (now !== second) {
        second = now;
        count = 0;
      }
      count += weight;
      return count <= perSecond();
    },
  };
}
