/**
 * What Stripe does with a meter event: the checks before it answers, and those it makes later.
 * Texts, limits and windows: facts/stripe.md sections 1 and 3.
 */
import type { SandboxErrorEvent, SandboxEvent, SandboxMeter, StripeState } from './stripe-state.ts';
import { prune } from './stripe-state.ts';

export type IncomingEvent = {
  readonly eventName: string | null;
  readonly identifier: string | null;
  readonly timestampMs: number | null;
  readonly payload: Readonly<Record<string, string>>;
  readonly idempotencyKey: string | null;
};

export type EventCheck =
  | { readonly kind: 'ok'; readonly event: SandboxEvent }
  | { readonly kind: 'error'; readonly message: string; readonly code: string | null; readonly param: string | null };

const textLengthMax = 100;
const pastMs = 35 * 24 * 3_600_000;
const futureMs = 5 * 60_000;
const significantDigitsMax = 15;

export function checkEvent(
  state: StripeState,
  incoming: IncomingEvent,
  nowMs: number,
  newIdentifier: () => string,
): EventCheck {
  const { eventName, payload } = incoming;
  if (eventName === null) return error('Missing required param: event_name.', 'parameter_missing', 'event_name');
  if (Object.keys(payload).length === 0)
    return error('Missing required param: payload.', 'parameter_missing', 'payload');
  const identifier = incoming.identifier ?? newIdentifier();
  for (const [param, text] of Object.entries({ event_name: eventName, identifier })) {
    if (text.length > textLengthMax)
      return error(`Invalid string: ${param} must be at most ${textLengthMax} characters`, null, param);
  }
  const timestampMs = incoming.timestampMs ?? nowMs;
  const window = checkWindow(timestampMs, nowMs);
  if (window !== null) return error(window, 'timestamp', 'timestamp');
  const meter = findMeter(state, eventName);
  if (meter === null) return error('No active meter found with this event name', null, 'event_name');
  const value = payload[meter.valueKey];
  if (value !== undefined && tooManyDigits(value))
    return error('The value has more than 15 significant digits.', null, 'payload');
  prune(state, nowMs);
  if (state.identifiers.has(identifier))
    return error(`An event already exists with identifier ${identifier}.`, null, 'identifier');
  const customer = payload[meter.customerKey] ?? '';
  const { idempotencyKey } = incoming;
  const event = {
    identifier,
    eventName,
    meterId: meter.id,
    customer,
    value: value ?? '',
    timestampMs,
    receivedAtMs: nowMs,
    idempotencyKey,
  };
  return { kind: 'ok', event: { ...event, failure: null, isCancelled: false } };
}

/**
 * Takes the event in and makes the checks that Stripe makes after its answer; what fails becomes an error event, and the identifier is spent.
 * `rejectAs`: a code to fail it with whatever it holds.
 */
export function acceptEvent(state: StripeState, event: SandboxEvent, nowMs: number, rejectAs: string | null): void {
  state.identifiers.set(event.identifier, nowMs);
  const failure = rejectAs === null ? validateLater(state, event) : rejectedAs(state, event, rejectAs);
  event.failure = failure?.code ?? null;
  state.events.push(event);
  const pair = pairOf(event.eventName, event.customer);
  const ofPair = state.eventsOfPair.get(pair);
  if (ofPair) ofPair.push(event);
  else state.eventsOfPair.set(pair, [event]);
  if (failure) state.errorEvents.push(failure);
}

function rejectedAs(state: StripeState, event: SandboxEvent, code: string): SandboxErrorEvent {
  return report(
    state,
    event,
    findMeter(state, event.eventName),
    code,
    'It was found later that this cannot be counted.',
  );
}

const lateCodes: readonly (readonly [RegExp, string])[] = [
  [/^An event already exists/, ''],
  [/35 days/, 'timestamp_too_far_in_past'],
  [/future/, 'timestamp_in_future'],
  [/No active meter/, 'no_meter'],
  [/significant digits/, 'meter_event_value_too_many_digits'],
];

/** What the stream finds wrong after its answer, with an event that v1 would have refused at once. A repeated identifier is no error there. */
export function refuseEvent(state: StripeState, incoming: IncomingEvent, message: string, nowMs: number): void {
  const code = lateCodes.find(([text]) => text.test(message))?.[1] ?? 'meter_event_invalid_value';
  if (code === '') return;
  const { eventName, identifier, idempotencyKey } = incoming;
  const event = { identifier: identifier ?? '', eventName: eventName ?? '', idempotencyKey, receivedAtMs: nowMs };
  state.errorEvents.push(report(state, event, findMeter(state, event.eventName), code, message));
}

function pairOf(eventName: string, customer: string): string {
  return `${customer} ${eventName}`;
}

export type AccountSeed = { readonly eventName: string; readonly customers: readonly string[] };

/** A meter and customers by name, as a person would have set them up. */
export function seedAccount(
  state: StripeState,
  { eventName, customers }: AccountSeed,
  newId: (prefix: string) => string,
): void {
  const id = newId('mtr');
  const keys = { customerKey: 'stripe_customer_id', valueKey: 'value' };
  state.meters.set(id, { id, eventName, displayName: eventName, ...keys, isActive: true });
  for (const customer of customers) state.customers.set(customer, { id: customer, name: customer });
}

export function findMeter(state: StripeState, eventName: string): SandboxMeter | null {
  return [...state.meters.values()].find((meter) => meter.eventName === eventName && meter.isActive) ?? null;
}

function validateLater(state: StripeState, event: SandboxEvent): SandboxErrorEvent | null {
  const meter = findMeter(state, event.eventName);
  if (meter === null) return report(state, event, null, 'no_meter', 'There is no meter with this event name.');
  if (event.customer === '')
    return report(state, event, meter, 'meter_event_no_customer_defined', 'The payload names no customer.');
  const customer = state.customers.get(event.customer);
  if (customer === undefined || customer.isDeleted === true) {
    return report(state, event, meter, 'meter_event_customer_not_found', `No such customer: ${event.customer}.`);
  }
  if (!/^-?\d+$/.test(event.value))
    return report(state, event, meter, 'meter_event_invalid_value', 'The value must be a whole number.');
  return null;
}

function report(
  state: StripeState,
  event: Pick<SandboxEvent, 'identifier' | 'idempotencyKey' | 'receivedAtMs'>,
  meter: SandboxMeter | null,
  code: string,
  message: string,
): SandboxErrorEvent {
  return {
    id: `evt_sandbox_${state.errorEvents.length + 1}`,
    type: meter ? 'v1.billing.meter.error_report_triggered' : 'v1.billing.meter.no_meter_found',
    createdMs: event.receivedAtMs,
    meterId: meter?.id ?? null,
    code,
    message,
    requestIdentifier: event.idempotencyKey ?? event.identifier,
  };
}

function checkWindow(timestampMs: number, nowMs: number): string | null {
  const earliest = nowMs - pastMs;
  if (timestampMs < earliest) {
    const seconds = Math.ceil(earliest / 1_000);
    return `The event timestamp cannot be more than 35 days in past. Expected a timestamp greater than or equal to ${seconds}.`;
  }
  if (timestampMs > nowMs + futureMs) return 'The event timestamp cannot be more than 5 minutes in the future.';
  return null;
}

function tooManyDigits(value: string): boolean {
  return value.replace(/^-/, '').replace('.', '').replace(/^0+/, '').length > significantDigitsMax;
}

function error(message: string, code: string | null, param: string | null): EventCheck {
  return { kind: 'error', message, code, param };
}

/** What the meters of a name, or the one of this id, hold for a customer in [fromMs, toMs): only events that passed both rounds of checks. */
export function sumOf(
  state: StripeState,
  eventName: string,
  customer: string,
  fromMs: number,
  toMs: number,
  receivedBeforeMs: number,
  meterId: string | null = null,
): bigint {
  let sum = 0n;
  for (const event of state.eventsOfPair.get(pairOf(eventName, customer)) ?? []) {
    // A cancellation is seen as late as an event is.
    const isThere = !event.isCancelled || (event.cancelledAtMs ?? -Infinity) > receivedBeforeMs;
    const isOfMeter = meterId === null || (event.meterId ?? meterId) === meterId;
    const counts = isOfMeter && event.failure === null && isThere && event.receivedAtMs <= receivedBeforeMs;
    if (counts && event.timestampMs >= fromMs && event.timestampMs < toMs) sum += BigInt(event.value);
  }
  return sum;
}
