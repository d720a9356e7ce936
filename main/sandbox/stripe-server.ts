/**
 * The simulated Stripe: real sockets, a memory, and the rules of facts/stripe.md sections 1 to 3. The demo bills to it and the tests
 * break it with switches. It keeps everything in memory and is nobody's Stripe account.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Clock } from '../system/clock.ts';
import { answerJson, startSandboxServer, type SandboxServer } from './http.ts';
import { v1Error, type StripeReply } from './stripe-answers.ts';
import { createRateLimiter, defaultStripeRules, type StripeFault, type StripeRules } from './stripe-faults.ts';
import { parseForm, textOf } from './stripe-form.ts';
import { sumOf } from './stripe-meter-events.ts';
import { createStripeState, prune, type SandboxEvent, type StripeState } from './stripe-state.ts';
import { answerV1 } from './stripe-v1.ts';
import { answerV2 } from './stripe-v2.ts';

export type SandboxStripe = {
  readonly url: string;
  readonly port: number;
  /** What a customer's meter holds: only events that passed every check. */
  readonly meterSum: (customer: string, eventName: string) => bigint;
  readonly events: () => readonly SandboxEvent[];
  readonly requestCount: () => number;
  /** Makes a meter and customers by name, as a person would have set them up. */
  readonly seed: (set: { readonly eventName: string; readonly customers: readonly string[] }) => void;
  /** The next requests for meter events suffer these, one each. */
  readonly breakNext: (...faults: readonly StripeFault[]) => void;
  readonly setRules: (changes: Partial<StripeRules>) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type SandboxStripeOptions = {
  readonly clock: Clock;
  readonly port?: number;
  readonly rules?: Partial<StripeRules>;
};

export async function startSandboxStripe({
  clock,
  port = 0,
  rules: initial = {},
}: SandboxStripeOptions): Promise<SandboxStripe> {
  const state = createStripeState();
  const faults: StripeFault[] = [];
  let rules: StripeRules = { ...defaultStripeRules, ...initial };
  const limiter = createRateLimiter(() => rules.requestsPerSecond);
  let requestCount = 0;
  let lastId = 0;
  const newId = (prefix: string) => `${prefix}_sandbox_${(lastId += 1).toString(36)}`;

  function handle(incoming: IncomingMessage, body: Buffer, response: ServerResponse): void {
    requestCount += 1;
    const nowMs = clock.nowMs();
    const url = new URL(incoming.url ?? '/', 'http://sandbox');
    const isMeterEvent = incoming.method === 'POST' && /\/meter_event(?:s|_stream)$/.test(url.pathname);
    const fault = isMeterEvent ? faults.shift() : undefined;
    if (fault === 'drop_connection') return void response.destroy();
    const reply = limiter.allows(nowMs)
      ? (faultReply(fault) ?? answer(incoming, url, body, nowMs))
      : rateLimited('global-rate');
    if (fault === 'lose_answer') return void response.destroy();
    if (fault === 'error_500') remember(state, incoming, body, reply, nowMs);
    answerJson(response, reply.status, reply.body, { 'request-id': newId('req'), ...reply.headers });
  }

  function answer(incoming: IncomingMessage, url: URL, body: Buffer, nowMs: number): StripeReply {
    const bearer = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? '')?.[1];
    const isStream = url.pathname === '/v2/billing/meter_event_stream';
    if (bearer === undefined || (!isStream && !/^[sr]k_(?:test|live)_/.test(bearer))) {
      return v1Error(401, { message: 'Invalid API Key provided.', type: 'invalid_request_error' });
    }
    prune(state, nowMs);
    const replayed = replay(state, incoming, body);
    if (replayed) return replayed;
    const idempotencyKey = keyOf(incoming);
    const common = { method: incoming.method ?? 'GET', path: url.pathname, idempotencyKey, nowMs, newId };
    if (url.pathname.startsWith('/v2/')) {
      return answerV2(state, { ...common, query: url.searchParams, body: parseJson(body), bearer });
    }
    const form = parseForm(incoming.method === 'GET' ? url.search.slice(1) : body.toString('utf8'));
    const reply = answerV1(state, { ...common, form, summaryLagMs: rules.summaryLagMs });
    // "Not stored when validation failed" (facts/stripe.md section 1).
    if (reply.status === 200) remember(state, incoming, body, reply, nowMs);
    return reply;
  }

  const guarded = handleOneAtATime(state, clock, () => rules.handlingMs, handle);
  let server: SandboxServer = await startSandboxServer(port, guarded);
  const bound = server.port;

  return {
    url: server.url,
    port: bound,
    meterSum: (customer, eventName) => sumOf(state, eventName, customer, -Infinity, Infinity, Infinity),
    events: () => state.events,
    requestCount: () => requestCount,
    seed: ({ eventName, customers }) => {
      const id = newId('mtr');
      state.meters.set(id, {
        id,
        eventName,
        displayName: eventName,
        customerKey: 'stripe_customer_id',
        valueKey: 'value',
        isActive: true,
      });
      for (const customer of customers) state.customers.set(customer, { id: customer, name: customer });
    },
    breakNext: (...next) => void faults.push(...next),
    setRules: async (changes) => {
      const wasOffline = rules.isOffline;
      rules = { ...rules, ...changes };
      if (rules.isOffline && !wasOffline) await server.close();
      if (!rules.isOffline && wasOffline) server = await startSandboxServer(bound, guarded);
    },
    close: () => (rules.isOffline ? Promise.resolve() : server.close()),
  };
}

type Handle = (incoming: IncomingMessage, body: Buffer, response: ServerResponse) => void;

/** One request at a time for a (customer, meter): a second one beside it is answered 409 (facts/stripe.md section 1). */
function handleOneAtATime(state: StripeState, clock: Clock, handlingMs: () => number, handle: Handle): Handle {
  return (incoming, body, response) => {
    if (incoming.url !== '/v1/billing/meter_events') return handle(incoming, body, response);
    const form = parseForm(body.toString('utf8'));
    const pair = `${textOf(form, 'payload', 'stripe_customer_id')} ${textOf(form, 'event_name')}`;
    if (state.busy.has(pair)) {
      const message = 'Cannot create multiple usage events for the same customer, meter concurrently';
      const reply = v1Error(409, { message, code: 'too_many_concurrent_requests' });
      return answerJson(response, reply.status, reply.body);
    }
    state.busy.add(pair);
    response.on('close', () => state.busy.delete(pair));
    clock.after(handlingMs(), () => handle(incoming, body, response));
  };
}

function faultReply(fault: StripeFault | undefined): StripeReply | null {
  switch (fault) {
    case 'error_500':
      return { status: 500, body: { error: { type: 'api_error', message: 'An unknown error occurred' } } };
    case 'conflict_409':
      return v1Error(409, {
        message: 'Cannot create multiple usage events for the same customer, meter concurrently',
        code: 'too_many_concurrent_requests',
      });
    case 'rate_limit_429':
      return rateLimited('endpoint-rate');
    case 'lock_timeout_429':
      return {
        status: 429,
        body: {
          error: {
            type: 'invalid_request_error',
            code: 'lock_timeout',
            message: 'This object cannot be accessed right now.',
          },
        },
      };
    case 'lose_answer':
    case 'drop_connection':
    case undefined:
      return null;
  }
}

function rateLimited(reason: string): StripeReply {
  return {
    status: 429,
    body: { error: { type: 'invalid_request_error', code: 'rate_limit', message: 'Request rate limit exceeded.' } },
    headers: { 'stripe-rate-limited-reason': reason },
  };
}

function keyOf(incoming: IncomingMessage): string | null {
  const key = incoming.headers['idempotency-key'];
  return typeof key === 'string' ? key : null;
}

/** The first result of an idempotency key is given again for a day, a 500 included; other parameters under it are an error. */
function replay(state: StripeState, incoming: IncomingMessage, body: Buffer): StripeReply | null {
  const stored = state.idempotent.get(keyOf(incoming) ?? '');
  if (!stored) return null;
  if (stored.request === requestText(incoming, body))
    return { status: stored.status, body: stored.body, headers: { 'idempotent-replayed': 'true' } };
  const message = 'Keys for idempotent requests can only be used with the same parameters they were first used with.';
  return v1Error(400, { message, type: 'idempotency_error' });
}

function remember(
  state: StripeState,
  incoming: IncomingMessage,
  body: Buffer,
  { status, body: answered }: StripeReply,
  atMs: number,
): void {
  const key = keyOf(incoming);
  if (key !== null) state.idempotent.set(key, { status, body: answered, request: requestText(incoming, body), atMs });
}

function requestText(incoming: IncomingMessage, body: Buffer): string {
  return `${incoming.method} ${incoming.url} ${body.toString('utf8')}`;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // Not JSON: the checks that follow find every field missing and say so.
    return null;
  }
}
