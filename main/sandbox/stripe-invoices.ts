/**
 * Subscriptions of the simulated Stripe that bill a meter, their invoices, and items on them (facts/stripe.md section 4). When a period ends its invoice
 * is made as a draft, which is final after the grace of the rules, or by hand; usage of the period counts until then. What comes later is added to it nor
 * to the next. An item waits for the customer's next invoice.
 */
import { ok, v1Error, type StripeReply } from './stripe-answers.ts';
import type { StripeRules } from './stripe-faults.ts';
import { listOf, textOf, type Form } from './stripe-form.ts';
import { sumOf } from './stripe-meter-events.ts';
import type { SandboxInvoice, SandboxInvoiceItem, SandboxSubscription, StripeState } from './stripe-state.ts';
import { page } from './stripe-summaries.ts';

export type NewId = (prefix: string) => string;
export type InvoiceRules = Pick<StripeRules, 'invoiceGraceMs' | 'closingInvoiceReason'>;
export type Turn = { readonly nowMs: number; readonly newId: NewId; readonly rules: InvoiceRules };

const dayMs = 24 * 3_600_000;

export type SubscriptionSeed = {
  readonly customer: string;
  readonly eventName: string;
  readonly startMs: number;
  readonly interval: SandboxSubscription['interval'];
};

/** As a person would have made it in the dashboard. @throws when there is no such meter. */
export function subscribe(state: StripeState, { eventName, ...seed }: SubscriptionSeed, newId: NewId): string {
  const meter = [...state.meters.values()].find((candidate) => candidate.eventName === eventName);
  if (!meter) throw new Error(`there is no meter called ${eventName}`);
  const id = newId('sub');
  const startMs = wholeSecondMs(seed.startMs);
  const currentEndMs = periodEnd(startMs, seed.interval);
  const period = { startMs, currentStartMs: startMs, currentEndMs, endedAtMs: null, latestInvoice: null };
  state.subscriptions.set(id, { id, ...seed, eventName, meterId: meter.id, ...period });
  return id;
}

/** As Stripe's times are. */
function wholeSecondMs(atMs: number): number {
  return Math.floor(atMs / 1_000) * 1_000;
}

function periodEnd(startMs: number, interval: SandboxSubscription['interval']): number {
  if (interval === 'day') return startMs + dayMs;
  if (interval === 'week') return startMs + 7 * dayMs;
  const date = new Date(startMs);
  return Date.UTC(
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  );
}

/** Brings every invoice to where it stands at this instant. Called before anything else is done at it. */
export function advanceInvoices(state: StripeState, { nowMs, newId, rules }: Turn): void {
  for (const subscription of state.subscriptions.values()) {
    while (subscription.endedAtMs === null && subscription.currentEndMs <= nowMs) {
      finalizeDue(state, subscription.currentEndMs);
      const made = subscription.currentEndMs;
      const reason = 'subscription_cycle';
      makeInvoice(state, subscription, { atMs: made, id: newId('in'), graceMs: rules.invoiceGraceMs, reason });
      subscription.currentStartMs = made;
      subscription.currentEndMs = periodEnd(made, subscription.interval);
    }
  }
  finalizeDue(state, nowMs);
}

type Made = { readonly atMs: number; readonly id: string; readonly graceMs: number; readonly reason: string };

function makeInvoice(state: StripeState, subscription: SandboxSubscription, { atMs, id, graceMs, reason }: Made): void {
  const { customer, eventName, currentStartMs: startMs } = subscription;
  const waiting = state.invoiceItems.filter((item) => item.customer === customer && item.invoice === null);
  for (const item of waiting) item.invoice = id;
  const invoice = { id, customer, eventName, subscription: subscription.id, reason, startMs, endMs: atMs };
  state.invoices.push({
    ...invoice,
    createdMs: atMs,
    finalizesAtMs: atMs + graceMs,
    finalizedAtMs: null,
    quantity: null,
  });
  subscription.latestInvoice = id;
}

function finalizeDue(state: StripeState, nowMs: number): void {
  for (const invoice of state.invoices)
    if (invoice.finalizedAtMs === null && invoice.finalizesAtMs <= nowMs)
      finalize(state, invoice, invoice.finalizesAtMs);
}

function finalize(state: StripeState, invoice: SandboxInvoice, atMs: number): void {
  const { eventName, customer, startMs, endMs } = invoice;
  invoice.finalizedAtMs = atMs;
  invoice.quantity = sumOf(state, eventName, customer, startMs, endMs, atMs);
}

export type InvoiceRequest = Turn & { readonly method: string; readonly path: string; readonly form: Form };

/** Null for what is another file's. */
export function answerInvoices(state: StripeState, request: InvoiceRequest): StripeReply | null {
  const { method, path, form } = request;
  switch (`${method} ${path}`) {
    case 'GET /v1/subscriptions':
      return listSubscriptions(state, form);
    case 'GET /v1/invoices':
      return page(chosen(state.invoices, form, ['customer', 'subscription']).map(invoiceObject), form, path);
    case 'GET /v1/invoiceitems':
      return page(chosen(state.invoiceItems, form, ['customer', 'invoice']).map(itemObject), form, path);
    case 'POST /v1/invoiceitems':
      return createItem(state, request);
  }
  const [, kind, id = '', action] = /^\/v1\/(invoices|subscriptions)\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
  if (kind === 'invoices') return answerInvoice(state, id, action, request);
  if (kind === 'subscriptions' && method === 'DELETE') return endSubscription(state, id, request);
  return null;
}

/** Newest first, of this customer and so on. */
function chosen<Row extends Readonly<Record<Key, string | null>>, Key extends string>(
  rows: readonly Row[],
  form: Form,
  keys: readonly Key[],
): Row[] {
  return rows
    .filter((row) => keys.every((key) => textOf(form, key) === null || textOf(form, key) === row[key]))
    .toReversed();
}

function listSubscriptions(state: StripeState, form: Form): StripeReply {
  const isAll = textOf(form, 'status') === 'all';
  const isExpanded = listOf(form, 'expand').includes('data.latest_invoice');
  const rows = [...state.subscriptions.values()]
    .filter(({ customer }) => textOf(form, 'customer') === null || textOf(form, 'customer') === customer)
    .filter(({ endedAtMs }) => isAll || endedAtMs === null)
    .toReversed();
  return page(
    rows.map((row) => subscriptionObject(state, row, isExpanded)),
    form,
    '/v1/subscriptions',
  );
}

function answerInvoice(state: StripeState, id: string, action: string | undefined, { method, nowMs }: InvoiceRequest) {
  const invoice = state.invoices.find((candidate) => candidate.id === id);
  if (!invoice) return v1Error(404, { message: `No such invoice: '${id}'`, code: 'resource_missing', param: 'id' });
  if (method === 'POST' && action === 'finalize') {
    if (invoice.finalizedAtMs !== null) return v1Error(400, { message: 'This invoice is already finalized.' });
    finalize(state, invoice, nowMs);
  }
  return ok(invoiceObject(invoice));
}

function endSubscription(state: StripeState, id: string, { form, nowMs, newId, rules }: InvoiceRequest): StripeReply {
  const subscription = state.subscriptions.get(id);
  if (!subscription)
    return v1Error(404, { message: `No such subscription: '${id}'`, code: 'resource_missing', param: 'id' });
  const atMs = wholeSecondMs(nowMs);
  subscription.endedAtMs = atMs;
  // Without it what was used since the last invoice is never billed.
  if (textOf(form, 'invoice_now') === 'true') {
    const { invoiceGraceMs: graceMs, closingInvoiceReason: reason } = rules;
    makeInvoice(state, subscription, { atMs, id: newId('in'), graceMs, reason });
  }
  return ok(subscriptionObject(state, subscription, false));
}

const descriptionLengthMax = 500;

function createItem(state: StripeState, { form, nowMs, newId }: InvoiceRequest): StripeReply {
  const customer = textOf(form, 'customer') ?? '';
  const amount = textOf(form, 'amount') ?? '';
  const currency = textOf(form, 'currency');
  const description = textOf(form, 'description') ?? '';
  if (!state.customers.has(customer))
    return v1Error(400, { message: `No such customer: '${customer}'`, code: 'resource_missing', param: 'customer' });
  if (!/^-?\d{1,12}$/.test(amount)) return v1Error(400, { message: `Invalid integer: ${amount}`, param: 'amount' });
  if (currency === null) return v1Error(400, { message: 'Missing required param: currency.', param: 'currency' });
  if (description.length > descriptionLengthMax)
    return v1Error(400, { message: `Invalid string: description must be at most ${descriptionLengthMax} characters` });
  const metadata = form['metadata'];
  const item: SandboxInvoiceItem = {
    id: newId('ii'),
    customer,
    cents: Number(amount),
    currency,
    description,
    metadata: typeof metadata === 'object' && !Array.isArray(metadata) ? (metadata as Record<string, string>) : {},
    createdMs: nowMs,
    invoice: null,
  };
  state.invoiceItems.push(item);
  return ok(itemObject(item));
}

const seconds = (atMs: number) => Math.floor(atMs / 1_000);

function subscriptionObject(state: StripeState, subscription: SandboxSubscription, isExpanded: boolean) {
  const { id, customer, meterId, startMs, currentStartMs, currentEndMs, endedAtMs, latestInvoice } = subscription;
  const invoice = state.invoices.find((candidate) => candidate.id === latestInvoice);
  const price = {
    id: `price_${id}`,
    object: 'price',
    recurring: { interval: subscription.interval, meter: meterId, usage_type: 'metered' },
  };
  const period = { current_period_start: seconds(currentStartMs), current_period_end: seconds(currentEndMs) };
  return {
    id,
    object: 'subscription',
    customer,
    status: endedAtMs === null ? 'active' : 'canceled',
    start_date: seconds(startMs),
    ended_at: endedAtMs === null ? null : seconds(endedAtMs),
    items: {
      object: 'list',
      data: [{ id: `si_${id}`, object: 'subscription_item', price, ...period }],
      has_more: false,
    },
    latest_invoice: isExpanded && invoice ? invoiceObject(invoice) : latestInvoice,
    livemode: false,
  };
}

function invoiceObject(invoice: SandboxInvoice) {
  const isDraft = invoice.finalizedAtMs === null;
  return {
    id: invoice.id,
    object: 'invoice',
    customer: invoice.customer,
    subscription: invoice.subscription,
    billing_reason: invoice.reason,
    status: isDraft ? 'draft' : 'open',
    created: seconds(invoice.createdMs),
    period_start: seconds(invoice.startMs),
    period_end: seconds(invoice.endMs),
    automatically_finalizes_at: isDraft ? seconds(invoice.finalizesAtMs) : null,
    status_transitions: { finalized_at: invoice.finalizedAtMs === null ? null : seconds(invoice.finalizedAtMs) },
    livemode: false,
  };
}

function itemObject({ cents, createdMs, ...item }: SandboxInvoiceItem) {
  return { object: 'invoiceitem', ...item, amount: cents, date: seconds(createdMs), livemode: false };
}
