/**
 * Reads, and writes one thing about, invoices: the periods of a customer's subscriptions with the state of the last invoice, and invoice items.
 * Promises: every page is asked for with leave of the read budget; an item is made in one request under a key of its reference, which its metadata holds
 * too, so that it can be found again. Source: facts/stripe.md section 4.
 */
import { Stripe } from 'stripe';

import { refusedKeyInWords } from '../../shared/stripe-permissions.ts';
import type { ReadPeriod } from '../ledger/invoice-periods.ts';
import { periodsOf, type CycleInvoice } from './invoice-periods-of.ts';
import { everyPage, leave, outcome, pageSize, type Allow, type Read } from './stripe-reading.ts';
import { answerOf } from './stripe.ts';

export type PeriodsRead =
  | { readonly periods: readonly ReadPeriod[] }
  /** This key may not read subscriptions or invoices. */
  | { readonly periods: null; readonly sentence: string };

export type InvoiceItem = {
  readonly customer: string;
  readonly cents: number;
  readonly description: string;
  readonly reference: string;
  readonly metadata: Readonly<Record<string, string>>;
};

export type ItemAnswer =
  | { readonly kind: 'created'; readonly item: string }
  /** It surely does not exist. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'no_answer'; readonly reason: string };

export type ItemQuestion = {
  readonly customer: string;
  readonly reference: string;
  readonly references: readonly string[];
  readonly referenceStarts: readonly string[];
};

export type ItemFound =
  | { readonly kind: 'none' }
  | { readonly kind: 'this'; readonly item: string }
  /** Of this ledger by its name, and not known to it. */
  | { readonly kind: 'forgotten'; readonly item: string; readonly reference: string; readonly cents: number };

export type StripeInvoices = {
  readonly periods: (customer: string) => Promise<Read<PeriodsRead>>;
  readonly findItem: (question: ItemQuestion) => Promise<Read<ItemFound>>;
  readonly createItem: (item: InvoiceItem) => Promise<ItemAnswer>;
};

export const referenceKey = 'tollkeeper_reference';

export function createStripeInvoices(client: Stripe, allow: Allow, nowMs: () => number): StripeInvoices {
  let meterNames: ReadonlyMap<string, string> = new Map();

  /** Meters are read again for one that was made since. */
  async function nameOf(meterId: string): Promise<string | null> {
    if (!meterNames.has(meterId)) {
      const meters = await everyPage('meters', allow, (after) =>
        client.billing.meters.list({ limit: pageSize, ...after }),
      );
      meterNames = new Map(meters.map((meter) => [meter.id, meter.event_name]));
    }
    return meterNames.get(meterId) ?? null;
  }

  async function periods(customer: string): Promise<PeriodsRead> {
    const expand = ['data.latest_invoice'];
    const subscriptions = await everyPage('invoices', allow, (after) =>
      client.subscriptions.list({ customer, status: 'all', limit: pageSize, expand, ...after }),
    );
    const found: ReadPeriod[] = [];
    for (const subscription of subscriptions) {
      const items = await metered(subscription);
      if (items.length === 0 || subscription.status === 'incomplete_expired') continue;
      const invoice = await lastCycleInvoice(subscription);
      const { id, start_date: startS, ended_at: endedS } = subscription;
      const facts = { subscription: id, startMs: startS * 1_000, endedAtMs: endedS === null ? null : endedS * 1_000 };
      for (const item of items) found.push(...periodsOf({ ...facts, ...item, invoice, nowMs: nowMs() }));
    }
    return { periods: found };
  }

  async function metered({ items }: Stripe.Subscription) {
    const found = [];
    for (const { price, current_period_start: startS, current_period_end: endS } of items.data) {
      const meterId = price.recurring?.meter;
      const meter = typeof meterId === 'string' ? await nameOf(meterId) : null;
      if (meter !== null) found.push({ meter, currentStartMs: startS * 1_000, currentEndMs: endS * 1_000 });
    }
    return found;
  }

  /**
   * Of the period before the running one; of a subscription that ended the one made for that, whatever it says it was made for. The latest may be another, made
   * by a change of the subscription: then they are listed.
   */
  async function lastCycleInvoice(subscription: Stripe.Subscription): Promise<CycleInvoice | null> {
    const { id, latest_invoice: latest, ended_at: endedS } = subscription;
    if (latest === null || typeof latest === 'string') return null;
    if (endedS !== null && latest.created >= endedS) return { ...cycleInvoice(latest), endMs: endedS * 1_000 };
    if (latest.billing_reason === 'subscription_create') return null;
    if (latest.billing_reason === 'subscription_cycle') return cycleInvoice(latest);
    await leave(allow, 'invoices');
    const { data } = await client.invoices.list({ subscription: id, limit: pageSize });
    const cycle = data.find(({ billing_reason: reason }) => reason === 'subscription_cycle');
    return cycle === undefined ? null : cycleInvoice(cycle);
  }

  async function findItem({ customer, reference, references, referenceStarts }: ItemQuestion): Promise<ItemFound> {
    const items = await everyPage('invoices', allow, (after) =>
      client.invoiceItems.list({ customer, limit: pageSize, ...after }),
    );
    const referenceOf = ({ metadata }: Stripe.InvoiceItem) => metadata?.[referenceKey] ?? '';
    const same = items.find((item) => referenceOf(item) === reference);
    if (same) return { kind: 'this', item: same.id };
    const forgotten = items.find(
      (item) =>
        referenceStarts.some((start) => referenceOf(item).startsWith(start)) && !references.includes(referenceOf(item)),
    );
    return forgotten
      ? { kind: 'forgotten', item: forgotten.id, reference: referenceOf(forgotten), cents: forgotten.amount }
      : { kind: 'none' };
  }

  return {
    periods: async (customer) => {
      const read = await outcome(() => periods(customer));
      // A key that may not read, or a customer that Stripe does not know: asking again at once tells nothing new. A key that is revoked has read nothing: told as
      // read, what waits would be sent past a final invoice by the next one.
      return read.kind === 'failed' && (read.refuses === 'key' || read.refuses === 'question')
        ? { kind: 'read', value: { periods: null, sentence: read.sentence } }
        : read;
    },
    findItem: (question) => outcome(() => findItem(question)),
    createItem: async ({ customer, cents, description, reference, metadata }) => {
      try {
        const { id } = await client.invoiceItems.create(
          {
            customer,
            amount: cents,
            currency: 'usd',
            description,
            metadata: { ...metadata, [referenceKey]: reference },
          },
          { idempotencyKey: reference },
        );
        return { kind: 'created', item: id };
      } catch (error) {
        return itemAnswerOf(error);
      }
    },
  };
}

function cycleInvoice({
  id,
  status,
  period_start: startS,
  period_end: endS,
  ...invoice
}: Stripe.Invoice): CycleInvoice {
  const finalizesS = invoice.automatically_finalizes_at;
  return {
    id: id ?? '',
    startMs: startS * 1_000,
    endMs: endS * 1_000,
    isDraft: status === 'draft',
    finalizesAtMs: finalizesS === null ? null : finalizesS * 1_000,
  };
}

function itemAnswerOf(error: unknown): ItemAnswer {
  if (error instanceof Stripe.errors.StripeIdempotencyError) return { kind: 'no_answer', reason: error.message };
  const answer = answerOf(error);
  switch (answer.kind) {
    case 'not_authorized':
      return { kind: 'refused', reason: refusedKeyInWords(answer.reason) };
    case 'not_connected':
    case 'not_sent':
    case 'rate_limited':
    case 'refused':
      return { kind: 'refused', reason: answer.reason };
    case 'busy':
    case 'no_answer':
      return { kind: 'no_answer', reason: answer.reason };
    case 'accepted':
    case 'duplicate':
      return { kind: 'no_answer', reason: 'Stripe answered about a meter event.' };
  }
}
