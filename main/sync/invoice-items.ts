/**
 * Makes a carry-forward an invoice item in Stripe, once. Asked for in the ledger first; then Stripe is read whether an item of its reference is there
 * already, and only if not it is made. An answer that never came is resolved by reading again, by itself, before anything is made anew.
 */
import type { CarryQuestion } from '../ledger/carry-forwards.ts';
import type { AskedItem, ItemBegun, ItemEnd } from '../ledger/invoice-items.ts';
import type { ItemOutcome } from '../../shared/contract/invoice-items.ts';
import { rejectionCodeOf, rejectionOf } from '../../shared/stripe-rejections.ts';
import { formatUsd, nanoUsdPerCent } from '../../shared/money.ts';
import type { Clock } from '../system/clock.ts';
import type { StripeInvoices } from './stripe-invoices.ts';
import { afterFailureMs } from './subscription-readings.ts';
import { createTurns } from './turns.ts';

/** The ledger as it is needed here. */
export type ItemStore = {
  readonly begin: (question: CarryQuestion) => Promise<ItemBegun>;
  readonly end: (end: ItemEnd) => Promise<void>;
  readonly asked: () => Promise<readonly AskedItem[]>;
};

export type InvoiceItems = {
  readonly create: (customer: string, nanoUsd: number) => Promise<ItemOutcome>;
  /** What has no answer is looked up, if Stripe can be reached; true when one of them was decided. */
  readonly resolve: (isReachable: () => Promise<boolean>) => Promise<boolean>;
};

export type InvoiceItemsOptions = {
  readonly store: ItemStore;
  readonly stripe: Pick<StripeInvoices, 'findItem' | 'createItem'>;
  readonly clock: Clock;
};

/** A request that is under way is not looked up beside it. */
const resolveAfterMs = 60_000;
/** Longer than a request can be on its way: what is not there by then was never made. */
const surelyGoneMs = 10 * 60_000;

const notBegunWords: Readonly<Record<Exclude<ItemBegun['kind'], 'asked'>, string>> = {
  changed: 'What is proposed of this customer is not this sum any more. Look at it again.',
  below_a_cent: 'It is less than a cent; it stays with the customer’s next carry-forward.',
  unpriced:
    'Calls of it have no price, so what it comes to is not known. Give them one (`tollkeeper prices apply`, `prices rerate`), or put it on an invoice yourself.',
};

export function createInvoiceItems({ store, stripe, clock }: InvoiceItemsOptions): InvoiceItems {
  const turns = createTurns<AskedItem>(clock, ({ carried }) => String(carried));
  let lookAgainAtMs = 0;

  async function create(customer: string, nanoUsd: number): Promise<ItemOutcome> {
    const begun = await store.begin({ customer, nanoUsd, nowMs: clock.nowMs() });
    return begun.kind === 'asked' ? makeOnce(begun) : { kind: 'not_created', sentence: notBegunWords[begun.kind] };
  }

  async function makeOnce({ isNew, item }: Extract<ItemBegun, { readonly kind: 'asked' }>): Promise<ItemOutcome> {
    const { carried } = item;
    const found = await stripe.findItem(item);
    if (found.kind !== 'read') {
      const why = found.kind === 'no_budget' ? 'the reads of this month are used up' : found.sentence;
      const sentence = `Whether it stands in Stripe already could not be read, so nothing was made: ${why}${remedyOf(why)}`;
      await store.end(isNew ? { carried, kind: 'dropped', sentence } : { carried, kind: 'unknown', sentence });
      return { kind: isNew ? 'not_created' : 'unknown', sentence };
    }
    switch (found.value.kind) {
      case 'none':
        return make(item);
      case 'this': {
        const { item: id } = found.value;
        await store.end({ carried, kind: 'billed', item: id });
        return { kind: 'found', item: id, sentence: `${wordsOf(item)} stood in Stripe already (${id}).` };
      }
      case 'forgotten': {
        const sentence = forgottenWords(found.value, item);
        await store.end({ ...found.value, carried, sentence });
        return { kind: 'not_created', sentence };
      }
    }
  }

  async function make(item: AskedItem): Promise<ItemOutcome> {
    const { carried } = item;
    const answer = await stripe.createItem({ ...item, metadata: { tollkeeper_carry_forward: String(carried) } });
    switch (answer.kind) {
      case 'created':
        await store.end({ carried, kind: 'billed', item: answer.item });
        return {
          kind: 'created',
          item: answer.item,
          sentence: `${wordsOf(item)} is made (${answer.item}) and goes on the customer’s next invoice.`,
        };
      case 'refused': {
        const sentence = `Stripe did not make it: ${answer.reason}${remedyOf(answer.reason)}`;
        await store.end({ carried, kind: 'dropped', sentence });
        return { kind: 'not_created', sentence };
      }
      case 'no_answer': {
        const sentence = `Stripe’s answer never came (${answer.reason}); whether the item was made is looked up before anything is made again.`;
        await store.end({ carried, kind: 'unknown', sentence });
        return { kind: 'unknown', sentence };
      }
    }
  }

  async function resolve(isReachable: () => Promise<boolean>): Promise<boolean> {
    const waitMs = lookAgainAtMs - clock.nowMs();
    // A wait that is longer was set by a clock that has been put back since.
    if (waitMs > 0 && waitMs <= afterFailureMs) return false;
    let hasDecided = false;
    for (const item of turns.inTurn(await store.asked())) {
      const ageMs = clock.nowMs() - item.askedAtMs;
      if (ageMs >= 0 && ageMs < resolveAfterMs) continue;
      if (!(await isReachable())) return hasDecided;
      const found = await stripe.findItem(item);
      if (found.kind === 'no_budget') return hasDecided;
      const { carried } = item;
      if (found.kind === 'failed') {
        await store.end({ carried, kind: 'unknown', sentence: found.sentence });
        if (found.refuses === 'question' || found.refuses === 'bounds') {
          turns.putOff(item, found.sentence);
          continue;
        }
        turns.failed(item);
        lookAgainAtMs = clock.nowMs() + afterFailureMs;
        return hasDecided;
      }
      turns.answered(item);
      if (found.value.kind === 'this') await store.end({ carried, kind: 'billed', item: found.value.item });
      else if (ageMs >= surelyGoneMs)
        await store.end({ carried, kind: 'dropped', sentence: 'Stripe lists no such item; it is proposed again.' });
      else continue;
      hasDecided = true;
    }
    return hasDecided;
  }

  return { create, resolve };
}

/** What it covers may be part of what is proposed, or all of it: only a person can tell. */
function forgottenWords({ item, cents }: { readonly item: string; readonly cents: number }, asked: AskedItem): string {
  return `Nothing was made: Stripe holds an item of ${formatUsd(cents * nanoUsdPerCent)} for ${asked.customer} (${item}) that this ledger made and does not remember: it was opened from a backup since, or Stripe’s list came late. Compare what it names with what is proposed, put what it lacks on an invoice by hand, then mark all of it with \`tollkeeper sync carry-forward ${asked.customer} SUM\`.`;
}

function wordsOf({ cents, customer }: AskedItem): string {
  return `The invoice item of ${formatUsd(cents * nanoUsdPerCent)} for ${customer}`;
}

/** Where the customer is at fault, which no item mends. */
function remedyOf(reason: string): string {
  const code = rejectionCodeOf(reason);
  return code === 'meter_event_customer_not_found' ? ` ${rejectionOf(code).remedy}` : '';
}
