/**
 * What the sync agent asks Stripe about before it sends (whose invoice takes what waits) and when nothing waits to be sent: reports of events that are not counted, the periods of customers' invoices, the
 * minutes of held events, the days to confirm, and the hours of days that go on differing. Each answer goes to the ledger, which decides
 * (weigh-minute.ts, error-reports.ts, invoice-periods.ts, confirmations.ts, doubted-days.ts). Sends nothing.
 * With the reads of Stripe's budget used up all of it waits, and with it what waits for a reading; minutes are sent as they close.
 */
import type { DaysRead, DaysToCompare } from '../ledger/confirmations.ts';
import type { DayOfMeter, HoursRead } from '../ledger/doubted-days.ts';
import type { MinuteReading, RefusedMinute } from '../ledger/minute-readings.ts';
import type { MinuteOfMeter } from '../ledger/outbox.ts';
import type { Clock } from '../system/clock.ts';
import { createAsking } from './asking.ts';
import { isDelivered, type StripeAnswer } from './decide.ts';
import type { Probe } from './probe.ts';
import type { InvoiceItems } from './invoice-items.ts';
import { createReportReadings, type ReportStore } from './report-readings.ts';
import type { StripeInvoices } from './stripe-invoices.ts';
import type { Read, StripeReader } from './stripe-reader.ts';
import { afterFailureMs, createSubscriptionReadings, type SubscriptionStore } from './subscription-readings.ts';
import { createTurns, type Turns } from './turns.ts';

/** The ledger as the readings need it. */
export type ReadingStore = SubscriptionStore &
  ReportStore & {
    readonly heldMinutes: (nowMs: number, limit: number) => Promise<readonly MinuteOfMeter[]>;
    readonly recordMinute: (reading: MinuteReading) => Promise<unknown>;
    readonly putOffMinute: (refused: RefusedMinute) => Promise<unknown>;
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
  /** What Stripe answered to something that was sent: how often is read, and of whom, follows from it. */
  readonly note: (answer: StripeAnswer) => void;
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

/** How one kind of rows is asked about, a row a question. */
type Steps<Row, Value> = {
  readonly due: (nowMs: number, limit: number) => Promise<readonly Row[]>;
  readonly question: (row: Row) => Promise<Read<Value>>;
  readonly record: (row: Row, value: Value) => Promise<unknown>;
  readonly putOff: (row: Row, sentence: string) => Promise<unknown> | void;
};

export function createReadings({ store, reader, items, probe, clock }: ReadingsOptions): Readings {
  const asking = createAsking(probe);
  let nextCheckMs = 0;
  let hasChanged = false;
  const onChange = () => {
    hasChanged = true;
  };
  const reports = createReportReadings({ store, reader, clock, onChange });
  const subscriptions = createSubscriptionReadings({ store, reader, probe, clock, onChange });
  const minuteTurns = createTurns<MinuteOfMeter>(
    clock,
    ({ customer, meter, minuteMs: atMs }) => `${customer} ${meter} ${atMs}`,
  );
  const dayTurns = createTurns<DaysToCompare>(clock, ({ customer, meter }) => `${customer} ${meter}`);
  const hourTurns = createTurns<DayOfMeter>(
    clock,
    ({ customer, meter, dayMs: atMs }) => `${customer} ${meter} ${atMs}`,
  );

  /** Returns whether there may be more. What Stripe refuses of one is put off and holds up no other. */
  async function askEach<Row, Value>(turns: Turns<Row>, by: Steps<Row, Value>): Promise<boolean> {
    const due = await by.due(clock.nowMs(), perRunMax + turns.passedOver());
    const rows = turns.inTurn(due).slice(0, perRunMax);
    for (const row of rows) {
      const asked = await asking.askOne(() => by.question(row));
      switch (asked.kind) {
        case 'stopped':
          if (asking.hasFailed()) turns.failed(row);
          return false;
        case 'refused':
          await by.putOff(row, asked.sentence);
          break;
        case 'read':
          turns.answered(row);
          await by.record(row, asked.value);
      }
      hasChanged = true;
    }
    return rows.length === perRunMax;
  }

  const readMinutes = () =>
    askEach(minuteTurns, {
      due: store.heldMinutes,
      question: (minute) => reader.sum({ ...minute, fromMs: minute.minuteMs, toMs: minute.minuteMs + minuteMs }),
      record: (minute, stripeValue) => store.recordMinute({ ...minute, stripeValue, nowMs: clock.nowMs() }),
      putOff: (minute, sentence) => store.putOffMinute({ ...minute, sentence, nowMs: clock.nowMs() }),
    });

  const compareDays = () =>
    askEach(dayTurns, {
      due: store.daysToCompare,
      question: reader.daySums,
      record: (pair, sums) => store.recordDays({ ...pair, sums, nowMs: clock.nowMs() }),
      putOff: dayTurns.putOff,
    });

  const readHours = () =>
    askEach(hourTurns, {
      due: store.doubtedDays,
      question: (day) => reader.hourSums({ ...day, fromMs: day.dayMs, toMs: day.dayMs + dayMs }),
      record: (day, sums) => store.recordHours({ ...day, sums, nowMs: clock.nowMs() }),
      putOff: hourTurns.putOff,
    });

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
    note: (answer) => {
      if (answer.kind === 'not_authorized') subscriptions.noteKey(true);
      if (!isDelivered(answer)) return;
      reports.noteAccepted();
      subscriptions.noteKey(false);
    },
    trouble: () => asking.trouble() ?? subscriptions.refusal() ?? dayTurns.sentence() ?? hourTurns.sentence(),
  };
}
