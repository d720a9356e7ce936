/**
 * Sends one meter event (v1) and says what came back, as data. Promises: one request, the event's identifier as idempotency key. Errors are told apart by their type, since a
 * connection that broke has no status (facts/stripe.md section 6).
 */
import assert from 'node:assert/strict';

import { Stripe } from 'stripe';

import { stampOf } from '../../shared/meter-event.ts';
import { rejectionCodeOf } from '../../shared/stripe-rejections.ts';
import type { DueEvent } from '../ledger/take-due.ts';
import type { StripeAnswer } from './decide.ts';

/** One request with these events, and what became of all of them. */
export type SendEvents = (events: readonly DueEvent[]) => Promise<StripeAnswer>;

export function createStripeMeter(client: Stripe): SendEvents {
  return async ([event, ...more]) => {
    assert(event !== undefined && more.length === 0, 'v1 takes one event in a request');
    try {
      await client.billing.meterEvents.create(
        {
          event_name: event.meter,
          identifier: event.identifier,
          timestamp: Math.floor(stampOf(event.minuteMs) / 1_000),
          payload: { stripe_customer_id: event.customer, value: String(event.value) },
        },
        { idempotencyKey: idempotencyKeyOf(event) },
      );
      return { kind: 'accepted' };
    } catch (error) {
      return answerOf(error);
    }
  };
}

/**
 * The identifier itself at first, so that Stripe's error reports name it. Stripe replays the first result of a key for a day, a 500 included, so
 * a later attempt needs a key of its own; the identifier still keeps it from counting twice.
 */
export function idempotencyKeyOf({ identifier, attempts }: DueEvent): string {
  return attempts <= 1 ? identifier : `${identifier}~${attempts}`;
}

const connectFailures = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ENETDOWN)$/;

export function answerOf(error: unknown): StripeAnswer {
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const reason = error.message;
  if (error instanceof Stripe.errors.StripeConnectionError) {
    const code = codeOf(error.detail);
    return connectFailures.test(code)
      ? { kind: 'not_connected', reason: code }
      : { kind: 'no_answer', reason: code === '' ? reason : code };
  }
  if (/event already exists with identifier/i.test(reason) || error.code === 'duplicate_meter_event')
    return { kind: 'duplicate' };
  switch (error.statusCode) {
    case 401:
    case 403:
      return { kind: 'not_authorized', reason };
    case 409:
      return { kind: 'busy', reason, retryAfterMs: retryAfterMs(error) };
    case 429:
      return rateLimited(error);
    case 400:
    case 402:
    case 404:
      return { kind: 'refused', reason, code: rejectionCodeOf(reason) };
    default:
      // 5xx, and bodies that are not JSON, which carry no status at all.
      return { kind: 'no_answer', reason, retryAfterMs: retryAfterMs(error) };
  }
}

function codeOf(detail: unknown): string {
  const code = typeof detail === 'object' && detail !== null && 'code' in detail ? detail.code : undefined;
  return typeof code === 'string' ? code : '';
}

function headerOf(error: Stripe.errors.StripeError, name: string): string | null {
  const value: unknown = (error.headers as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : null;
}

/** Which limit it was stands in a header: one of the whole account, or, as a lock timeout without the header, of this event's own objects. */
function rateLimited(error: Stripe.errors.StripeError): StripeAnswer {
  const reason = headerOf(error, 'stripe-rate-limited-reason');
  const [, limit] = /^(?:global|endpoint)-(rate|concurrency)$/.exec(reason ?? '') ?? [];
  const answer = { kind: 'rate_limited', reason: reason ?? error.message, retryAfterMs: retryAfterMs(error) } as const;
  return limit === 'rate' || limit === 'concurrency' ? { ...answer, of: limit } : answer;
}

/** Seconds, as Stripe sends it; the SDK ignores this header. */
function retryAfterMs(error: Stripe.errors.StripeError): number | null {
  const seconds = Number(headerOf(error, 'retry-after') ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3_600) * 1_000 : null;
}
