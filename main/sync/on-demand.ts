/**
 * What a person decides about the outbox, and what they ask of Stripe at once: an invoice item, a customer's month. Stripe is asked only once it is certain
 * whose account the key is of; where it is not, that is asked first, and the answer says why nothing was done.
 */
import type { ItemOutcome } from '../../shared/contract/invoice-items.ts';
import type { CustomerMonth, CustomerMonthRead } from '../../shared/contract/stripe-month.ts';
import type { Ledger } from '../ledger/open.ts';
import type { Clock } from '../system/clock.ts';
import type { StripeSide } from './agent.ts';
import { noKey, openedBy } from './gate-words.ts';
import type { StripeAccess } from './stripe-access.ts';

export type OnDemand = {
  /** False when nothing of this id waits, was refused or was set aside. */
  readonly retry: (id: string) => Promise<boolean>;
  /** False when nothing of this id may be set aside. */
  readonly setAside: (id: string) => Promise<boolean>;
  /** What was set aside of a customer is billed by an invoice item; false when it is not this sum. */
  readonly carryForward: (customer: string, nanoUsd: number) => Promise<boolean>;
  /** What is proposed of a customer as an item that is made in Stripe, once. */
  readonly createItem: (customer: string, nanoUsd: number) => Promise<ItemOutcome>;
  /** A customer's month on both sides, with Stripe's figures as last read. */
  readonly month: (customer: string, month: string) => Promise<CustomerMonth>;
  /** The same, after asking Stripe. */
  readonly readMonth: (customer: string, month: string) => Promise<CustomerMonthRead>;
  readonly billedCustomers: () => Promise<readonly string[]>;
};

export type OnDemandOptions = {
  readonly ledger: Pick<Ledger, 'read' | 'write'>;
  readonly clock: Clock;
  readonly timeZone: string;
  /** Null without a key. */
  readonly access: () => StripeAccess | null;
};

type Opened = { readonly side: StripeSide } | { readonly side: null; readonly why: string };

export function answerOnDemand({ ledger, clock, timeZone, access }: OnDemandOptions): OnDemand {
  const month = (customer: string, of: string) =>
    ledger.read('customerMonth', { customer, month: of, timeZone, nowMs: clock.nowMs() });

  async function opened(): Promise<Opened> {
    const stripe = access();
    if (stripe === null) return { side: null, why: `${noKey.sentence} ${noKey.remedy}` };
    const state = await stripe.gate.ask();
    const side = stripe.side();
    if (side !== null) return { side };
    const told = openedBy(state, stripe.client);
    return { side: null, why: told.kind === 'closed' ? `${told.sentence} ${told.remedy}` : 'The key was changed.' };
  }

  return {
    retry: (id) => ledger.write('retryEvent', { id, nowMs: clock.nowMs() }),
    setAside: (id) => ledger.write('setAsideEvent', { id, nowMs: clock.nowMs() }),
    carryForward: (customer, nanoUsd) => ledger.write('carryForward', { customer, nanoUsd, nowMs: clock.nowMs() }),
    createItem: async (customer, nanoUsd) => {
      const stripe = await opened();
      return stripe.side === null
        ? { kind: 'not_created', sentence: `Nothing can be made in Stripe: ${stripe.why}` }
        : stripe.side.items.create(customer, nanoUsd);
    },
    month,
    readMonth: async (customer, of) => {
      const before = await month(customer, of);
      const stripe = await opened();
      const trouble = stripe.side === null ? stripe.why : await stripe.side.months.read(customer, of);
      const after = await month(customer, of);
      return { ...after, readsTaken: Math.max(0, after.reads.used - before.reads.used), trouble };
    },
    billedCustomers: () => ledger.read('billedCustomers', null),
  };
}
