/**
 * The v1 resources of the simulated Stripe: meter events and their adjustments, meters, summaries; what is sold, customers and invoices have files of their
 * own. Form in, objects out.
 */
import { ok, v1Error, v1Missing, type StripeReply } from './stripe-answers.ts';
import { answerCatalog } from './stripe-catalog.ts';
import { answerCustomers } from './stripe-customers.ts';
import type { StripeRules } from './stripe-faults.ts';
import { textOf, type Form } from './stripe-form.ts';
import { acceptEvent, checkEvent, findMeter } from './stripe-meter-events.ts';
import { dayMs, type SandboxMeter, type StripeState } from './stripe-state.ts';
import { listSummaries, page } from './stripe-summaries.ts';

export type V1Request = {
  readonly method: string;
  readonly path: string;
  readonly form: Form;
  readonly idempotencyKey: string | null;
  readonly nowMs: number;
  readonly rules: StripeRules;
  /** By the key that asks. */
  readonly isLive: boolean;
  /** A fault: the event is taken and found later not to count. */
  readonly rejectAs: string | null;
  readonly newId: (prefix: string) => string;
};

export function answerV1(state: StripeState, request: V1Request): StripeReply {
  const { method, path } = request;
  const route = `${method} ${path}`;
  if (route === 'POST /v1/billing/meter_events') return createMeterEvent(state, request);
  if (route === 'POST /v1/billing/meter_event_adjustments') return adjust(state, request);
  if (route === 'POST /v1/billing/meters') return createMeter(state, request);
  if (route === 'GET /v1/billing/meters') return listMeters(state, request);
  if (route === 'GET /v1/account') return ok({ id: request.rules.accountId, object: 'account', type: 'standard' });
  const other = answerCatalog(state, request) ?? answerCustomers(state, request);
  if (other !== null) return other;
  const [, id, action] = /^\/v1\/billing\/meters\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
  const meter = id === undefined ? undefined : state.meters.get(id);
  if (id !== undefined && meter === undefined) return v1Missing('meter', id);
  if (meter) return answerMeter(state, meter, action, request);
  return v1Error(404, { message: `Unrecognized request URL (${method}: ${path}).` });
}

function createMeterEvent(
  state: StripeState,
  { form, idempotencyKey, nowMs, newId, rejectAs }: V1Request,
): StripeReply {
  const timestamp = textOf(form, 'timestamp');
  const payload = form['payload'];
  const incoming = {
    eventName: textOf(form, 'event_name'),
    identifier: textOf(form, 'identifier'),
    timestampMs: timestamp === null ? null : Number(timestamp) * 1_000,
    payload: typeof payload === 'object' && !Array.isArray(payload) ? (payload as Record<string, string>) : {},
    idempotencyKey,
  };
  const check = checkEvent(state, incoming, nowMs, () => newId('mev'));
  if (check.kind === 'error') return v1Error(400, check);
  acceptEvent(state, check.event, nowMs, rejectAs);
  const { eventName, identifier, timestampMs } = check.event;
  return ok({
    object: 'billing.meter_event',
    created: Math.floor(nowMs / 1_000),
    event_name: eventName,
    identifier,
    livemode: false,
    payload: incoming.payload,
    timestamp: Math.floor(timestampMs / 1_000),
  });
}

/**
 * Cancelling takes back an event that Stripe received within the last 24 hours, once. Summaries follow later, a finalized invoice never
 * (facts/stripe.md section 3).
 */
function adjust(state: StripeState, { form, nowMs, rules }: V1Request): StripeReply {
  const identifier = textOf(form, 'cancel', 'identifier');
  const eventName = textOf(form, 'event_name');
  if (textOf(form, 'type') !== 'cancel' || identifier === null || eventName === null)
    return v1Error(400, { message: 'Missing required param: event_name, type or cancel[identifier].' });
  // The newest: an identifier may be used again once Stripe has forgotten it.
  const event = state.events.findLast(
    (candidate) => candidate.identifier === identifier && candidate.eventName === eventName,
  );
  if (!event || event.failure !== null)
    return v1Error(400, { message: `No meter event found with identifier ${identifier}.`, code: 'resource_missing' });
  if (event.receivedAtMs < nowMs - dayMs)
    return v1Error(400, { message: 'The event was received more than 24 hours ago.' });
  if (event.isCancelled) return v1Error(400, { message: `The meter event ${identifier} has already been cancelled.` });
  event.isCancelled = true;
  event.cancelledAtMs = nowMs + rules.adjustmentLagMs;
  return ok({
    object: 'billing.meter_event_adjustment',
    cancel: { identifier },
    event_name: event.eventName,
    livemode: false,
    status: rules.adjustmentLagMs > 0 ? 'pending' : 'complete',
    type: 'cancel',
  });
}

function createMeter(state: StripeState, { form, newId, isLive }: V1Request): StripeReply {
  const eventName = textOf(form, 'event_name');
  const displayName = textOf(form, 'display_name');
  if (eventName === null || displayName === null)
    return v1Error(400, { message: 'Missing required param: event_name or display_name.' });
  if (findMeter(state, eventName))
    return v1Error(400, {
      message: `There is already an active meter with event name ${eventName}.`,
      param: 'event_name',
    });
  const meter: SandboxMeter = {
    id: newId('mtr'),
    eventName,
    displayName,
    customerKey: textOf(form, 'customer_mapping', 'event_payload_key') ?? 'stripe_customer_id',
    valueKey: textOf(form, 'value_settings', 'event_payload_key') ?? 'value',
    formula: textOf(form, 'default_aggregation', 'formula') ?? 'sum',
    timeWindow: textOf(form, 'event_time_window'),
    isActive: true,
  };
  state.meters.set(meter.id, meter);
  return ok(meterObject(meter, isLive));
}

function listMeters(state: StripeState, { form, path, isLive }: V1Request): StripeReply {
  const status = textOf(form, 'status');
  const rows = [...state.meters.values()].map((meter) => meterObject(meter, isLive));
  return page(status === null ? rows : rows.filter((row) => row.status === status), form, path);
}

function answerMeter(
  state: StripeState,
  meter: SandboxMeter,
  action: string | undefined,
  request: V1Request,
): StripeReply {
  if (request.method === 'GET' && action === undefined) return ok(meterObject(meter, request.isLive));
  if (request.method === 'GET' && action === 'event_summaries') return answerSummaries(state, meter, request);
  if (request.method === 'POST' && (action === 'deactivate' || action === 'reactivate')) {
    if (action === 'reactivate' && !meter.isActive && findMeter(state, meter.eventName))
      return v1Error(400, { message: `There is already an active meter with event name ${meter.eventName}.` });
    meter.isActive = action === 'reactivate';
    return ok(meterObject(meter, request.isLive));
  }
  return v1Error(404, { message: `Unrecognized request URL (${request.method}: ${request.path}).` });
}

function answerSummaries(state: StripeState, meter: SandboxMeter, { form, nowMs, rules }: V1Request): StripeReply {
  const customer = textOf(form, 'customer') ?? '';
  const isDeleted = state.customers.get(customer)?.isDeleted === true;
  if (isDeleted && rules.refusesDeletedCustomers) return v1Missing('customer', customer);
  const { summaryLagMs, isSummaryEndIncluded: isEndIncluded } = rules;
  return listSummaries(state, meter, form, { visibleUntilMs: nowMs - summaryLagMs, isEndIncluded });
}

function meterObject(meter: SandboxMeter, isLive: boolean) {
  const { id, eventName, displayName, customerKey, valueKey, isActive, formula = 'sum', timeWindow = null } = meter;
  return {
    id,
    object: 'billing.meter',
    customer_mapping: { event_payload_key: customerKey, type: 'by_id' },
    default_aggregation: { formula },
    display_name: displayName,
    event_name: eventName,
    event_time_window: timeWindow,
    livemode: isLive,
    status: isActive ? 'active' : 'inactive',
    value_settings: { event_payload_key: valueKey },
  };
}
