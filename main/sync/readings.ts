/**
 * What the sync agent asks Stripe about before it sends (whose invoice takes what waits) and when nothing waits to be sent: reports of events that are not counted, the periods of customers' invoices, the
 * minutes of held events, the days to confirm, and the hours of days that go on differing. Each answer goes to the ledger, which decides
 * (weigh-minute.ts, error-reports.ts, invoice-periods.ts, confirmations.ts, doubted-days.ts). Sends nothing.
 * With the reads of Stripe's budget used up everything waits; sending goes on.
 */
import type { DaysRead, DaysToCompare } from '../ledger/confirmations.ts';
import type { DayOfMeter, HoursRead } from '../ledger/doubted-days.ts';
import type { MinuteReading } from '../ledger/minute-readings.ts';
import type { MinuteOfMeter } from '../ledger/outbox.ts';
import type { Clock } from '../system/clock.ts';
import { createAsking } from './asking.ts';
import type { Probe } from './probe.ts';
import type { InvoiceItems } from './invoice-items.ts';
import { createReportReadings, type ReportStore } from './report-readings.ts';
import type { StripeInvoices } from './stripe-invoices.ts';
import type { StripeReader } from './stripe-reader.ts';
import { afterFailureMs, createSubscriptionReadings, type SubscriptionStore } from './subscription-readings.ts';

/** The ledger as the readings need it. */
export type ReadingStore = SubscriptionStore &
  ReportStore & {
    readonly heldMinutes: (nowMs: number, limit: number) => Promise<readonly MinuteOfMeter[]>;
    readonly recordMinute: (reading: MinuteReading) => Promise<unknown>;
    readonly daysToCompare: (nowMs: number, limit: number) => Promise<readonly DaysToCompare[]>;
    readonly recordDays: (read: DaysRead) => Promise<number>;
    readonly doubtedDays: (nowMs: number, limit: number) => Promise<readonly DayOfMeter[]>;
    readonly recordHours: (read: HoursRead) => Promise<number>;
  };

export type Readings = {
  /**
   * Reads the subscriptions that what waits must know of, so that it need not be taken, put back and taken again. After a question that failed it leaves
   * them to `run`, which tells of it.
   */
  readonly prepare: (isStopped: () => boolean) => Promise<void>;
  /** Reads what is due; `isAsked` reads the reports at once. True when something changed. */
  readonly run: (isAsked: boolean, isStopped: () => boolean) => Promise<boolean>;
  readonly noteAccepted: () => void;
  /** Why the last reading did not come about, or what this key may never read; null when all was read. */
  readonly trouble: () => string | null;
};

export type ReadingsOptions = {
  readonly store: ReadingStore;
  readonly reader: StripeReader & Pick<StripeInvoices, 'periods'>;
  readonly items: Pick<InvoiceItems, 'resolve'>;
  /** Asked before the first question of a run: a question that never leaves this machine is not counted as a read. */
  readonly probe: Probe;
  readonly clock: Clock;
};

const checkEveryMs = 60_000;
/** Questions asked in one run, so that sending never waits long for reading. */
const perRunMax = 10;
const minuteMs = 60_000;
const dayMs = 24 * 3_600_000;

export function createReadings({ store, reader, items, probe, clock }: ReadingsOptions): Readings {
  const asking = createAsking(probe);
  const { ask } = asking;
  let nextCheckMs = 0;
  let hasChanged = false;
  const onChange = () => {
    hasChanged = true;
  };
  const reports = createReportReadings({ store, reader, clock, onChange });
  const subscriptions = createSubscriptionReadings({ store, reader, probe, clock, onChange });

  /** Returns whether there may be more. */
  async function readMinutes(): Promise<boolean> {
    const minutes = await store.heldMinutes(clock.nowMs(), perRunMax);
    for (const minute of minutes) {
      const range = { fromMs: minute.minuteMs, toMs: minute.minuteMs + minuteMs };
      const stripeValue = await ask(() => reader.sum({ ...minute, ...range }));
      if (stripeValue === null) return false;
      await store.recordMinute({ ...minute, stripeValue, nowMs: clock.nowMs() });
      hasChanged = true;
    }
    return minutes.length === perRunMax;
  }

  async function compareDays(): Promise<boolean> {
    const pairs = await store.daysToCompare(clock.nowMs(), perRunMax);
    for (const pair of pairs) {
      const sums = await ask(() => reader.daySums(pair));
      if (sums === null) return false;
      await store.recordDays({ ...pair, sums, nowMs: clock.nowMs() });
      hasChanged = true;
    }
    return pairs.length === perRunMax;
  }

  async function readHours(): Promise<boolean> {
    const days = await store.doubtedDays(clock.nowMs(), perRunMax);
    for (const day of days) {
      const sums = await ask(() => reader.hourSums({ ...day, fromMs: day.dayMs, toMs: day.dayMs + dayMs }));
      if (sums === null) return false;
      if ((await store.recordHours({ ...day, sums, nowMs: clock.nowMs() })) > 0) hasChanged = true;
    }
    return days.length === perRunMax;
  }

  async function run(isAsked: boolean, isStopped: () => boolean): Promise<boolean> {
    const nowMs = clock.nowMs();
    // A check further ahead than any wait was set by a clock that has been put back since.
    if (!isAsked && nowMs < nextCheckMs && nextCheckMs - nowMs <= afterFailureMs) return false;
    asking.begin();
    hasChanged = false;
    await reports.read(asking, isAsked);
    // Reports that wait for reads of their own hold back what lacks something, not what arrived (weigh-minute.ts).
    const areReportsToBeHad = !asking.hasFailed();
    const more = [
      await subscriptions.read(asking, isStopped),
      areReportsToBeHad && (await readMinutes()),
      await compareDays(),
      await readHours(),
    ];
    if (await items.resolve(asking.isReachable)) hasChanged = true;
    nextCheckMs = nowMs + (asking.hasFailed() ? afterFailureMs : more.includes(true) ? 0 : checkEveryMs);
    return hasChanged;
  }

  return {
    prepare: subscriptions.readAhead,
    run,
    noteAccepted: reports.noteAccepted,
    trouble: () => asking.trouble() ?? subscriptions.refusal(),
  };
}
