/**
 * The simulated Stripe without its sockets: one account with a memory, the rules of facts/stripe.md sections 1 to 3, and the faults it is told to
 * have. A request in, and out what becomes of the connection. It keeps everything in memory and is nobody's Stripe account.
 */
import type { Clock } from '../system/clock.ts';
import { v1Error, type StripeReply } from './stripe-answers.ts';
import {
  createRateLimiter,
  defaultStripeRules,
  faultReply,
  rateLimited,
  type StripeFault,
  type StripeRules,
} from './stripe-faults.ts';
import { parseForm } from './stripe-form.ts';
import { advanceInvoices, answerInvoices } from './stripe-invoices.ts';
import { refuseByPermission } from './stripe-permissions.ts';
import { createStripeState, prune, type StripeState } from './stripe-state.ts';
import { answerV1 } from './stripe-v1.ts';
import { answerV2 } from './stripe-v2.ts';

const streamPath = '/v2/billing/meter_event_stream';

export type StripeRequest = {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
};

export type StripeOutcome =
  /** `cutAfterBytes`: of the whole answer, head included, only so much is sent before the connection breaks. */
  | {
      readonly kind: 'reply';
      readonly reply: StripeReply;
      readonly requestId: string;
      readonly cutAfterBytes: number | null;
    }
  | { readonly kind: 'drop' };

export type StripeAccount = {
  readonly state: StripeState;
  readonly rules: () => StripeRules;
  readonly changeRules: (changes: Partial<StripeRules>) => void;
  readonly breakNext: (...faults: readonly StripeFault[]) => void;
  /** The next requests that write anything else suffer these, one each. */
  readonly breakNextWrite: (...faults: readonly StripeFault[]) => void;
  /** What it was told to do wrong and has not done yet is forgotten. */
  readonly clearFaults: () => void;
  readonly handle: (request: StripeRequest) => StripeOutcome;
  readonly requestCount: () => number;
  /** Answered 429 and 409. */
  readonly refusedCounts: () => { readonly limited: number; readonly conflicts: number };
  readonly noteConflict: () => void;
  /** Requests that read, which Stripe allows 10,000 of in a month. */
  readonly readCount: () => number;
  readonly newId: (prefix: string) => string;
};

export function createStripeAccount(clock: Clock, initial: Partial<StripeRules>): StripeAccount {
  const state = createStripeState();
  const faults: StripeFault[] = [];
  const writeFaults: StripeFault[] = [];
  let rules: StripeRules = { ...defaultStripeRules, ...initial };
  const limiter = createRateLimiter(() => rules.requestsPerSecond);
  const streamLimiter = createRateLimiter(() => rules.streamEventsPerSecond);
  const counts = { requests: 0, reads: 0, limited: 0, conflicts: 0 };
  let lastId = 0;
  const newId = (prefix: string) => `${prefix}_sandbox_${(lastId += 1).toString(36)}`;

  function handle(request: StripeRequest): StripeOutcome {
    counts.requests += 1;
    if (request.method === 'GET') counts.reads += 1;
    const nowMs = clock.nowMs();
    const isFaulty = request.method === 'POST' && faultyPaths.test(request.path);
    advanceInvoices(state, { nowMs, newId, rules });
    const fault = isFaulty ? faults.shift() : request.method === 'POST' ? writeFaults.shift() : undefined;
    if (fault === 'drop_connection') return { kind: 'drop' };
    const rejectAs = typeof fault === 'object' && fault.kind === 'reject_later' ? fault.code : null;
    const given = () => faultReply(fault) ?? answer(request, nowMs, rejectAs, fault === 'expire_session');
    const isLimited = !isAllowed(request, nowMs);
    if (isLimited) counts.limited += 1;
    const reply = isLimited ? rateLimited('global-rate') : given();
    if (fault === 'lose_answer') return { kind: 'drop' };
    if (fault === 'error_500') remember(state, request, reply, nowMs);
    const cutAfterBytes = typeof fault === 'object' && fault.kind === 'cut_answer' ? fault.bytes : null;
    return { kind: 'reply', reply, requestId: newId('req'), cutAfterBytes };
  }

  /** The stream stands on a host of its own and counts events; everything else counts requests. */
  function isAllowed({ path, body }: StripeRequest, nowMs: number): boolean {
    if (path !== streamPath) return limiter.allows(nowMs);
    return streamLimiter.allows(nowMs, body.split('"event_name"').length - 1);
  }

  function answer(
    request: StripeRequest,
    nowMs: number,
    rejectAs: string | null,
    expiresSession: boolean,
  ): StripeReply {
    const { method } = request;
    const url = new URL(request.path, 'http://sandbox');
    const bearer = /^Bearer (.+)$/.exec(headerOf(request, 'authorization') ?? '')?.[1];
    const isStream = url.pathname === streamPath;
    if (bearer === undefined || (!isStream && !/^[sr]k_(?:test|live)_/.test(bearer))) {
      return v1Error(401, { message: 'Invalid API Key provided.', type: 'invalid_request_error' });
    }
    const { accountId, restrictedTo } = rules;
    const forbidden = refuseByPermission({ method, path: url.pathname, bearer, accountId, restrictedTo });
    if (forbidden !== null) return forbidden;
    prune(state, nowMs);
    const replayed = replay(state, request);
    if (replayed) return replayed;
    const idempotencyKey = headerOf(request, 'idempotency-key');
    const isLive = bearer.includes('_live_');
    const common = {
      method,
      isLive,
      path: url.pathname,
      idempotencyKey,
      nowMs,
      newId,
      rules,
      rejectAs,
      expiresSession,
    };
    if (url.pathname.startsWith('/v2/')) {
      return answerV2(state, { ...common, query: url.searchParams, body: parseJson(request.body), bearer });
    }
    const form = parseForm(method === 'POST' ? request.body : url.search.slice(1));
    const reply = answerInvoices(state, { ...common, form }) ?? answerV1(state, { ...common, form });
    // "Not stored when validation failed" (facts/stripe.md section 1).
    if (reply.status === 200) remember(state, request, reply, nowMs);
    return reply;
  }

  return {
    state,
    rules: () => rules,
    changeRules: (changes) => {
      rules = { ...rules, ...changes };
    },
    breakNext: (...next) => void faults.push(...next),
    breakNextWrite: (...next) => void writeFaults.push(...next),
    clearFaults: () => {
      faults.splice(0);
      writeFaults.splice(0);
    },
    handle,
    requestCount: () => counts.requests,
    refusedCounts: () => ({ limited: counts.limited, conflicts: counts.conflicts }),
    noteConflict: () => {
      counts.requests += 1;
      counts.conflicts += 1;
    },
    readCount: () => counts.reads,
    newId,
  };
}

/** What costs money when it goes wrong. */
const faultyPaths = /\/(?:meter_event(?:s|_stream|_adjustments)|invoiceitems)$/;

function headerOf({ headers }: StripeRequest, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

/** The first result of an idempotency key is given again for a day, a 500 included; other parameters under it are an error. */
function replay(state: StripeState, request: StripeRequest): StripeReply | null {
  const stored = state.idempotent.get(headerOf(request, 'idempotency-key') ?? '');
  if (!stored) return null;
  if (stored.request === requestText(request))
    return { status: stored.status, body: stored.body, headers: { 'idempotent-replayed': 'true' } };
  const message = 'Keys for idempotent requests can only be used with the same parameters they were first used with.';
  return v1Error(400, { message, type: 'idempotency_error' });
}

function remember(state: StripeState, request: StripeRequest, { status, body }: StripeReply, atMs: number): void {
  const key = headerOf(request, 'idempotency-key');
  if (key !== null) state.idempotent.set(key, { status, body, request: requestText(request), atMs });
}

function requestText({ method, path, body }: StripeRequest): string {
  return `${method} ${path} ${body}`;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Not JSON: the checks that follow find every field missing and say so.
    return null;
  }
}
