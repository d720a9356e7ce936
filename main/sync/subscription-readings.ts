/**
 * Asks Stripe for the subscriptions of customers whose usage waits, and of each customer once a day, so that the ledger knows which invoice takes what. Read
 * before sending, so that what waits need not be taken, put back and taken again; and with everything else that is read. Sends nothing.
 */
import type { SubscriptionsRead } from '../ledger/invoice-periods.ts';
import type { Clock } from '../system/clock.ts';
import { createAsking, type Asking } from './asking.ts';
import type { Probe } from './probe.ts';
import type { StripeInvoices } from './stripe-invoices.ts';
import { createTurns } from './turns.ts';

/** The ledger as these readings need it. */
export type SubscriptionStore = {
  readonly customersToRead: (nowMs: number, limit: number) => Promise<readonly string[]>;
  readonly recordSubscriptions: (read: SubscriptionsRead) => Promise<number>;
};

export type SubscriptionReadings = {
  /** Returns whether there may be more. `isStopped` is asked between two customers. */
  readonly read: (by: Asking, isStopped: () => boolean) => Promise<boolean>;
  /** After a question that failed it leaves them for a while to `read`, whose asking tells of it. */
  readonly readAhead: (isStopped: () => boolean) => Promise<void>;
  /**
   * Whether Stripe refuses the key for sending. Nothing can be sent then, so that one customer in a quarter of an hour is read: for an event of theirs to be tried,
   * which tells when the key is taken again. All of them, read again and again for events that come back, would use up the month's reads.
   */
  readonly noteKey: (isRefused: boolean) => void;
  /** Stripe does not let this key read them, so only its 35 days count; told until it does. */
  readonly refusal: () => string | null;
};

export type SubscriptionReadingsOptions = {
  readonly store: SubscriptionStore;
  readonly reader: Pick<StripeInvoices, 'periods'>;
  readonly probe: Probe;
  readonly clock: Clock;
  /** Something may be sent since. */
  readonly onChange: () => void;
};

/** After a question that failed: a key that may not read must not use up the month's reads by asking. */
export const afterFailureMs = 15 * 60_000;
/** Customers whose subscriptions are read at once: what waits for them is sent right after. */
const customersMax = 100;

/** After a question that nobody could answer: no network, or no reads left. */
const afterNothingMs = 30_000;

export function createSubscriptionReadings(options: SubscriptionReadingsOptions): SubscriptionReadings {
  const { store, reader, clock, onChange } = options;
  const ahead = createAsking(options.probe);
  const turns = createTurns<string>(clock, (customer) => customer);
  let aheadFromMs = 0;
  let isKeyRefused = false;
  let whileRefusedFromMs = 0;
  let refusal: string | null = null;

  /** Where a key may not read them, only Stripe's 35 days count; that is kept as well, so that what waits for it goes on. */
  async function read(by: Asking, isStopped: () => boolean): Promise<boolean> {
    const nowMs = clock.nowMs();
    if (isKeyRefused && isAhead(whileRefusedFromMs)) return false;
    whileRefusedFromMs = nowMs + afterFailureMs;
    const due = await store.customersToRead(nowMs, customersMax + turns.passedOver());
    const customers = turns.inTurn(due).slice(0, isKeyRefused ? 1 : customersMax);
    let refused: string | null = null;
    for (const customer of customers) {
      if (isStopped()) return false;
      const found = await by.ask(() => reader.periods(customer));
      if (found === null) {
        if (by.hasFailed()) turns.failed(customer);
        return false;
      }
      turns.answered(customer);
      if ((await store.recordSubscriptions({ customer, periods: found.periods, nowMs: clock.nowMs() })) > 0) onChange();
      if (found.periods === null) refused ??= found.sentence;
    }
    if (customers.length > 0) refusal = refused;
    return customers.length === customersMax;
  }

  /** One further ahead than any wait was set by a clock that has been put back since. */
  function isAhead(atMs: number): boolean {
    const nowMs = clock.nowMs();
    return nowMs < atMs && atMs - nowMs <= afterFailureMs;
  }

  return {
    read,
    refusal: () => refusal,
    noteKey: (isRefused) => {
      isKeyRefused = isRefused;
    },
    readAhead: async (isStopped) => {
      if (isAhead(aheadFromMs)) return;
      ahead.begin();
      await read(ahead, isStopped);
      if (ahead.trouble() !== null) aheadFromMs = clock.nowMs() + (ahead.hasFailed() ? afterFailureMs : afterNothingMs);
    },
  };
}
