/** The v1 resources of the simulated Stripe: meter events and their adjustments, meters, customers, summaries. Form in, objects out. */
import { ok, v1Error, type StripeReply } from './stripe-answers.ts';
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
  /** A fault: the event is taken and found later not to count. */
  readonly rejectAs: string | null;
  readonly newId: (prefix: string) => string;
};

export function answerV1(state: StripeState, request: V1Request): StripeReply {
  const { method, path, form } = request;
  const route = `${method} ${path}`;
  if (route === 'POST /v1/billing/meter_events') return createMeterEvent(state, request);
  if (route === 'POST /v1/billing/meter_event_adjustments') return adjust(state, request);
  if (route === 'POST /v1/billing/meters') return createMeter(state, request);
  if (route === 'GET /v1/billing/meters') return page([...state.meters.values()].map(meterObject), form, path);
  if (route === 'POST /v1/customers') return createCustomer(state, request);
  if (route === 'GET /v1/customers') return page([...state.customers.values()].map(customerObject), form, path);
  const customer = /^GET \/v1\/customers\/([^/]+)$/.exec(route)?.[1];
  if (customer !== undefined) return oneCustomer(state, customer);
  const [, id, action] = /^\/v1\/billing\/meters\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
  const meter = id === undefined ? undefined : state.meters.get(id);
  if (id !== undefined && meter === undefined) return missing('meter', id);
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

/** Cancelling takes back an event that Stripe received within the last 24 hours. */
function adjust(state: StripeState, { form, nowMs }: V1Request): StripeReply {
  const identifier = textOf(form, 'cancel', 'identifier');
  const event = state.events.find((candidate) => candidate.identifier === identifier && !candidate.isCancelled);
  if (!event) return v1Error(400, { message: `No meter event found with identifier ${identifier}.` });
  if (event.receivedAtMs < nowMs - dayMs)
    return v1Error(400, { message: 'The event was received more than 24 hours ago.' });
  event.isCancelled = true;
  return ok({
    object: 'billing.meter_event_adjustment',
    cancel: { identifier },
    event_name: event.eventName,
    livemode: false,
    status: 'complete',
    type: 'cancel',
  });
}

function createMeter(state: StripeState, { form, newId }: V1Request): StripeReply {
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
    isActive: true,
  };
  state.meters.set(meter.id, meter);
  return ok(meterObject(meter));
}

function answerMeter(
  state: StripeState,
  meter: SandboxMeter,
  action: string | undefined,
  request: V1Request,
): StripeReply {
  if (request.method === 'GET' && action === undefined) return ok(meterObject(meter));
  if (request.method === 'GET' && action === 'event_summaries') {
    return listSummaries(state, meter, request.form, request.nowMs - request.rules.summaryLagMs);
  }
  if (request.method === 'POST' && (action === 'deactivate' || action === 'reactivate')) {
    meter.isActive = action === 'reactivate';
    return ok(meterObject(meter));
  }
  return v1Error(404, { message: `Unrecognized request URL (${request.method}: ${request.path}).` });
}

function createCustomer(state: StripeState, { form, newId }: V1Request): StripeReply {
  const customer = { id: newId('cus'), name: textOf(form, 'name') ?? '' };
  state.customers.set(customer.id, customer);
  return ok(customerObject(customer));
}

function oneCustomer(state: StripeState, id: string): StripeReply {
  const customer = state.customers.get(id);
  return customer ? ok(customerObject(customer)) : missing('customer', id);
}

function missing(what: string, id: string): StripeReply {
  return v1Error(404, { message: `No such ${what}: '${id}'`, code: 'resource_missing', param: 'id' });
}

function customerObject({ id, name }: { readonly id: string; readonly name: string }) {
  return { id, object: 'customer', name, livemode: false };
}

function meterObject({ id, eventName, displayName, customerKey, valueKey, isActive }: SandboxMeter) {
  return {
    id,
    object: 'billing.meter',
    customer_mapping: { event_payload_key: customerKey, type: 'by_id' },
    default_aggregation: { formula: 'sum' },
    display_name: displayName,
    event_name: eventName,
    event_time_window: null,
    livemode: false,
    status: isActive ? 'active' : 'inactive',
    value_settings: { event_payload_key: valueKey },
  };
}
