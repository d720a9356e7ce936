/**
 * The one place of the sync agent that speaks to Stripe: sends one meter event (v1) and says what came back, as data.
 * Promises: no retry of its own, no telemetry, the event's identifier as idempotency key. Errors are told apart by their type, since a
 * connection that broke has no status (facts/stripe.md section 6).
 */
import { Agent } from 'node:https';
import { getCACertificates } from 'node:tls';

import { Stripe } from 'stripe';

import type { DueEvent } from '../ledger/outbox.ts';
import type { StripeAnswer } from './decide.ts';

export type StripeMeter = { readonly send: (event: DueEvent) => Promise<StripeAnswer> };

/** Through which proxy, and which certificates (PEM) to trust besides Node's own; mostly neither. */
export type StripeConnection = { readonly proxyUrl: string | null; readonly ca: string | null };

export type StripeMeterOptions = StripeConnection & { readonly apiKey: string; readonly apiBase: string };

/** Longer than Stripe takes for anything; a request that is older is asked for again under the same identifier. */
const timeoutMs = 20_000;

export function createStripeMeter({ apiKey, apiBase, ...connection }: StripeMeterOptions): StripeMeter {
  const base = new URL(apiBase);
  const isHttp = base.protocol === 'http:';
  const client = new Stripe(apiKey, {
    host: base.hostname,
    port: base.port === '' ? (isHttp ? 80 : 443) : Number(base.port),
    protocol: isHttp ? 'http' : 'https',
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs,
    ...(isHttp ? {} : { httpAgent: agentOf(connection) }),
  });
  return {
    send: async (event) => {
      try {
        await client.billing.meterEvents.create(
          {
            event_name: event.meter,
            identifier: event.id,
            timestamp: Math.floor(event.minuteMs / 1_000),
            payload: { stripe_customer_id: event.customer, value: String(event.value) },
          },
          { idempotencyKey: idempotencyKeyOf(event) },
        );
        return { kind: 'accepted' };
      } catch (error) {
        return answerOf(error);
      }
    },
  };
}

function agentOf({ proxyUrl, ca }: StripeConnection): Agent {
  return new Agent({
    keepAlive: true,
    ...(proxyUrl === null ? {} : { proxyEnv: { HTTPS_PROXY: proxyUrl } }),
    ...(ca === null ? {} : { ca: [...getCACertificates('default'), ca] }),
  });
}

/**
 * The identifier itself at first, so that Stripe's error reports name it. Stripe replays the first result of a key for a day, a 500 included, so
 * a later attempt needs a key of its own; the identifier still keeps it from counting twice.
 */
function idempotencyKeyOf({ id, attempts }: DueEvent): string {
  return attempts <= 1 ? id : `${id}~${attempts}`;
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
      return { kind: 'rate_limited', reason: rateLimitReason(error) ?? reason, retryAfterMs: retryAfterMs(error) };
    case 400:
    case 402:
    case 404:
      return { kind: 'refused', reason };
    default:
      // 5xx, and bodies that are not JSON, which carry no status at all.
      return { kind: 'no_answer', reason };
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

function rateLimitReason(error: Stripe.errors.StripeError): string | null {
  return headerOf(error, 'stripe-rate-limited-reason');
}

/** Seconds, as Stripe sends it; the SDK ignores this header. */
function retryAfterMs(error: Stripe.errors.StripeError): number | null {
  const seconds = Number(headerOf(error, 'retry-after') ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3_600) * 1_000 : null;
}
