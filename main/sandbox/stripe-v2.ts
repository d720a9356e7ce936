/** The v2 resources of the simulated Stripe: single meter events, the session and stream of the bulk road, thin error events. JSON in and out. */
import { ok, v2Error, type StripeReply } from './stripe-answers.ts';
import type { StripeRules } from './stripe-faults.ts';
import { acceptEvent, checkEvent, refuseEvent, type IncomingEvent } from './stripe-meter-events.ts';
import type { SandboxErrorEvent, StripeState } from './stripe-state.ts';

export type V2Request = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly bearer: string;
  readonly idempotencyKey: string | null;
  readonly nowMs: number;
  readonly rules: StripeRules;
  readonly rejectAs: string | null;
  /** A fault: the session ends with the batch half taken. */
  readonly expiresSession: boolean;
  readonly newId: (prefix: string) => string;
};

const sessionLifeMs = 15 * 60_000;
const streamEventsMax = 100;
const eventsPageMax = 100;
/** Stripe lists 30 days back (facts/stripe.md section 3). */
const eventsKeptMs = 30 * 24 * 3_600_000;

export function answerV2(state: StripeState, request: V2Request): StripeReply {
  switch (`${request.method} ${request.path}`) {
    case 'POST /v2/billing/meter_event_session':
      return openSession(state, request);
    case 'POST /v2/billing/meter_event_stream':
      return takeStream(state, request);
    case 'POST /v2/billing/meter_events':
      return takeOne(state, request);
    case 'GET /v2/core/events':
      return listErrorEvents(state, request);
    default:
      return v2Error(404, 'not_found', `Unrecognized request URL (${request.method}: ${request.path}).`);
  }
}

function openSession(state: StripeState, { nowMs, newId }: V2Request): StripeReply {
  const token = newId('token');
  state.sessions.set(token, nowMs + sessionLifeMs);
  const id = newId('mes');
  const created = new Date(nowMs).toISOString();
  const expiresAt = new Date(nowMs + sessionLifeMs).toISOString();
  return ok({
    id,
    object: 'v2.billing.meter_event_session',
    authentication_token: token,
    created,
    expires_at: expiresAt,
    livemode: false,
  });
}

/** Answers `{}` whatever becomes of the events: the stream validates later (facts/stripe.md section 2). */
function takeStream(state: StripeState, request: V2Request): StripeReply {
  if ((state.sessions.get(request.bearer) ?? 0) <= request.nowMs) {
    return sessionExpired();
  }
  const events = readField(request.body, 'events');
  if (!Array.isArray(events) || events.length === 0 || events.length > streamEventsMax) {
    return v2Error(400, 'invalid_request', `events must hold 1 to ${streamEventsMax} meter events.`);
  }
  const taken = request.expiresSession ? events.slice(0, Math.floor(events.length / 2)) : events;
  for (const event of taken) takeStreamed(state, event, request);
  if (!request.expiresSession) return ok({});
  state.sessions.delete(request.bearer);
  return sessionExpired();
}

/** One that fails a check is reported later; a repeated identifier is dropped without a word. */
function takeStreamed(
  state: StripeState,
  event: unknown,
  { rules, idempotencyKey, nowMs, ...request }: V2Request,
): void {
  const incoming = incomingOf(event, rules.streamReportsName === 'request' ? idempotencyKey : null);
  const check = checkEvent(state, incoming, nowMs, () => request.newId('mev'));
  if (check.kind === 'ok') acceptEvent(state, check.event, nowMs, request.rejectAs);
  else refuseEvent(state, incoming, check.message, nowMs);
}

function sessionExpired(): StripeReply {
  const message = 'The meter event session has expired.';
  return v2Error(401, 'billing_meter_event_session_expired', message, 'temporary_session_expired');
}

function takeOne(state: StripeState, request: V2Request): StripeReply {
  const check = checkEvent(state, incomingOf(request.body, request.idempotencyKey), request.nowMs, () =>
    request.newId('mev'),
  );
  if (check.kind === 'error') {
    const isDuplicate = check.message.startsWith('An event already exists');
    return v2Error(400, isDuplicate ? 'duplicate_meter_event' : (check.code ?? 'invalid_request'), check.message);
  }
  acceptEvent(state, check.event, request.nowMs, request.rejectAs);
  const { identifier, eventName, timestampMs } = check.event;
  return ok({
    object: 'v2.billing.meter_event',
    event_name: eventName,
    identifier,
    livemode: false,
    timestamp: new Date(timestampMs).toISOString(),
  });
}

function incomingOf(event: unknown, idempotencyKey: string | null): IncomingEvent {
  const timestamp = readField(event, 'timestamp');
  const payload = readField(event, 'payload');
  const texts =
    typeof payload === 'object' && payload !== null
      ? Object.entries(payload).filter(([, value]) => typeof value === 'string')
      : [];
  return {
    eventName: textField(event, 'event_name'),
    identifier: textField(event, 'identifier'),
    timestampMs: typeof timestamp === 'string' ? Date.parse(timestamp) : null,
    payload: Object.fromEntries(texts) as Record<string, string>,
    idempotencyKey,
  };
}

/** Of the last 30 days, as far as they are made by now. */
function listErrorEvents(state: StripeState, { query, path, nowMs, rules }: V2Request): StripeReply {
  const types = [...query.entries()].filter(([name]) => /^types(?:\[|$)/.test(name)).map(([, value]) => value);
  const from = Number(query.get('page') ?? 0);
  const limit = Math.min(eventsPageMax, Number(query.get('limit') ?? eventsPageMax));
  const earliest = query.get('created[gte]') ?? query.get('created[gt]');
  const earliestMs = earliest === null ? 0 : Date.parse(earliest);
  const before = query.get('created[lt]');
  const beforeMs = before === null ? Infinity : Date.parse(before);
  if (Number.isNaN(earliestMs) || Number.isNaN(beforeMs))
    return v2Error(400, 'invalid_request', 'created must be an RFC 3339 timestamp.');
  const sinceMs = Math.max(earliestMs, nowMs - eventsKeptMs);
  const found = state.errorEvents
    .filter(({ type }) => types.length === 0 || types.includes(type))
    .map((event) => ({ event, createdMs: event.createdMs + rules.reportDelayMs }))
    .filter(({ createdMs }) => createdMs <= nowMs && createdMs >= sinceMs && createdMs < beforeMs);
  if (rules.reportsOrder === 'newest_first') found.reverse();
  const next = new URLSearchParams(query);
  next.set('page', String(from + limit));
  return ok({
    data: found.slice(from, from + limit).map(({ event, createdMs }) => thinEvent({ ...event, createdMs }, rules)),
    next_page_url: from + limit < found.length ? `${path}?${next.toString()}` : null,
    previous_page_url: null,
  });
}

function thinEvent(event: SandboxErrorEvent, { namesSamples }: StripeRules) {
  const sample = { error_message: event.message, request: { identifier: event.requestIdentifier } };
  const samples = namesSamples ? [sample] : [];
  const created = new Date(event.createdMs).toISOString();
  return {
    id: event.id,
    object: 'v2.core.event',
    type: event.type,
    created,
    livemode: false,
    related_object:
      event.meterId === null
        ? null
        : { id: event.meterId, type: 'billing.meter', url: `/v1/billing/meters/${event.meterId}` },
    data: {
      developer_message_summary: 'There is 1 invalid event',
      reason: { error_count: 1, error_types: [{ code: event.code, error_count: 1, sample_errors: samples }] },
      validation_start: created,
      validation_end: new Date(event.createdMs + 10_000).toISOString(),
    },
  };
}

function readField(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function textField(value: unknown, key: string): string | null {
  const text = readField(value, key);
  return typeof text === 'string' ? text : null;
}
