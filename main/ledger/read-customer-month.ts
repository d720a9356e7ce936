/**
 * A customer's month on both sides: what its calls come to by UTC day and meter, where each part of that is, and Stripe's figure as last read. The parts
 * add up to the ledger's month in the unit of each meter, of money to the nano-dollar: shares, corrections and items on one side, the values of meter events on
 * the other. Reading side only.
 */
import type { MeterLabel } from '../../shared/contract/meter-amounts.ts';
import type { CustomerMonth, MonthDay, MonthMeter, MonthParts } from '../../shared/contract/stripe-month.ts';
import { causeOfDifference } from '../../shared/month-cause.ts';
import { dayStartMs, nextMonth } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';
import { meterLabel } from './meter-sql.ts';
import { readsPerMonthMax, readsUsed } from './stripe-reads.ts';

export type CustomerMonthQuestion = {
  readonly customer: string;
  /** "YYYY-MM". */
  readonly month: string;
  readonly timeZone: string;
  readonly nowMs: number;
};

const dayMs = 24 * 3_600_000;
/** Written into the statement: a bound number would divide as a float. */
const dayOf = (minute: string) => `${minute} / ${dayMs} * ${dayMs}`;

export function readCustomerMonth(db: Db, { customer, month, timeZone, nowMs }: CustomerMonthQuestion): CustomerMonth {
  // One read transaction: an event that is sealed between two questions must not look like a difference.
  return db.transaction(() => {
    const range = monthRange(month, 'UTC');
    const zoneRange = monthRange(month, timeZone);
    const days = readDays(db, { customer, ...range });
    const readings = days.flatMap(({ readAtMs }) => (readAtMs === null ? [] : [readAtMs]));
    return {
      customer,
      month,
      days,
      meters: metersOf(days),
      total: readDue(db, { customer, ...range }),
      ledgerMonth: { timeZone, ...zoneRange, ...readDue(db, { customer, ...zoneRange }) },
      unpricedCalls: unpricedCalls(db, { customer, ...range }),
      readAtMs: readings.length === 0 ? null : Math.min(...readings),
      reads: { used: readsUsed(db, nowMs), max: readsPerMonthMax },
    };
  })();
}

export function monthRange(month: string, timeZone: string): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: dayStartMs(`${month}-01`, timeZone), toMs: dayStartMs(`${nextMonth(month)}-01`, timeZone) };
}

const noParts: MonthParts = {
  calls: 0,
  dueNanoUsd: 0,
  unpricedCalls: 0,
  dueThousandths: 0,
  deliveredThousandths: 0,
  waitingThousandths: 0,
  rejectedThousandths: 0,
  setAsideThousandths: 0,
  carriedForwardThousandths: 0,
  openThousandths: 0,
  correctionsThousandths: 0,
  settledThousandths: 0,
  remainderThousandths: 0,
};
const partNames = Object.keys(noParts) as (keyof MonthParts)[];

function metersOf(days: readonly MonthDay[]): MonthMeter[] {
  const byMeter = Map.groupBy(days, ({ meter }) => meter);
  return [...byMeter].toSorted(([a], [b]) => a.localeCompare(b)).flatMap(([, of]) => meterOf(of));
}

function meterOf(days: readonly MonthDay[]): MonthMeter[] {
  const [first] = days;
  if (first === undefined) return [];
  const { meter, unit, tokenClass, model } = first;
  const parts = days.reduce(addParts, noParts);
  const stripe = days.flatMap(({ stripeValue }) => (stripeValue === null ? [] : [stripeValue]));
  const stripeValue = stripe.length < days.length ? null : stripe.reduce((a, b) => a + b, 0);
  const differenceValue = stripeValue === null ? null : stripeValue - parts.deliveredThousandths / 1_000;
  const leftThousandths = parts.dueThousandths - sumOfParts(parts);
  return [{ meter, unit, tokenClass, model, ...parts, stripeValue, differenceValue, leftThousandths }];
}

function addParts(sum: MonthParts, day: MonthParts): MonthParts {
  return Object.fromEntries(partNames.map((name) => [name, sum[name] + day[name]])) as MonthParts;
}

const notParts = new Set<keyof MonthParts>(['calls', 'dueNanoUsd', 'unpricedCalls', 'dueThousandths']);

function sumOfParts(parts: MonthParts): number {
  return partNames.filter((name) => !notParts.has(name)).reduce((sum, name) => sum + parts[name], 0);
}

type Range = { readonly customer: string; readonly fromMs: number; readonly toMs: number };
type Key = { readonly meter: string; readonly dayMs: number };

type EventsOfDay = Key & {
  readonly delivered: number;
  readonly waiting: number;
  readonly rejected: number;
  readonly setAside: number;
  readonly carried: number;
  readonly uncertain: number;
  readonly remainderThousandths: number;
  readonly lastChangeMs: number;
};

function readEvents(db: Db, range: Range): EventsOfDay[] {
  const sumOf = (states: string) => `SUM(CASE WHEN state IN (${states}) THEN value ELSE 0 END)`;
  return db
    .prepare<unknown[], EventsOfDay>(
      `SELECT meter, ${dayOf('minute_ms')} AS dayMs, ${sumOf("'accepted', 'confirmed', 'cancelling'")} AS delivered,
              ${sumOf("'sealed', 'sending', 'unknown', 'withdrawn'")} AS waiting, ${sumOf("'rejected'")} AS rejected, ${sumOf("'set_aside'")} AS setAside,
              ${sumOf("'carried_forward'")} AS carried,
              SUM(CASE WHEN state IN ('sending', 'unknown', 'cancelling') OR state IN ('rejected', 'set_aside') AND first_sent_at_ms IS NOT NULL
                        AND accepted_at_ms IS NULL THEN value ELSE 0 END) AS uncertain,
              SUM(carried_out_thousandths - carried_in_thousandths) AS remainderThousandths,
              MAX(MAX(COALESCE(accepted_at_ms, 0),
                      COALESCE((SELECT MAX(COALESCE(done_at_ms, last_asked_at_ms, 0)) FROM cancellations c WHERE c.event_id = e.id), 0))) AS lastChangeMs
         FROM meter_events e WHERE customer = @customer AND minute_ms >= @fromMs AND minute_ms < @toMs GROUP BY 1, 2`,
    )
    .all(range);
}

type Shares = Key & {
  readonly calls: number;
  readonly amount: number;
  /** As far as it is known. */
  readonly worth: number;
  readonly unpriced: number;
  readonly openAmount: number;
};

const sharesOf = `SELECT s.* FROM meter_events e JOIN outbox_shares s ON s.event_id = e.id
   WHERE e.customer = @customer AND e.minute_ms >= @fromMs AND e.minute_ms < @toMs
  UNION ALL SELECT * FROM outbox_shares WHERE event_id IS NULL AND minute_ms >= @fromMs AND minute_ms < @toMs AND customer = @customer`;

function readShares(db: Db, range: Range): Shares[] {
  return db
    .prepare<unknown[], Shares>(
      `SELECT meter, ${dayOf('minute_ms')} AS dayMs, COUNT(*) AS calls, SUM(amount_thousandths) AS amount, COALESCE(SUM(worth_nano_usd), 0) AS worth,
              SUM(worth_nano_usd IS NULL) AS unpriced, SUM(CASE WHEN event_id IS NULL THEN amount_thousandths ELSE 0 END) AS openAmount FROM (${sharesOf}) GROUP BY 1, 2`,
    )
    .all(range);
}

type Changed = { readonly amount: number; readonly worth: number };
type ChangedOfDay = Key & Changed;
type ChangedIn = { readonly table: string; readonly amount: string; readonly worth: string };

function readChanged(db: Db, { table, amount, worth }: ChangedIn, range: Range): ChangedOfDay[] {
  return db
    .prepare<unknown[], ChangedOfDay>(
      `SELECT meter, ${dayOf('minute_ms')} AS dayMs, SUM(${amount}) AS amount, COALESCE(SUM(${worth}), 0) AS worth FROM ${table}
        WHERE customer = @customer AND minute_ms >= @fromMs AND minute_ms < @toMs GROUP BY 1, 2`,
    )
    .all(range);
}

const corrections: ChangedIn = {
  table: 'billing_differences',
  amount: 'due_thousandths - sent_thousandths',
  worth: 'due_worth_nano_usd - sent_worth_nano_usd',
};
const settled: ChangedIn = { table: 'settled_differences', amount: 'amount_thousandths', worth: 'worth_nano_usd' };
const nothingChanged: Changed = { amount: 0, worth: 0 };

type StripeDay = Key & { readonly value: number; readonly readAtMs: number };

function readStripeDays(db: Db, range: Range): StripeDay[] {
  return db
    .prepare<unknown[], StripeDay>(
      `SELECT meter, day_ms AS dayMs, value, read_at_ms AS readAtMs FROM stripe_days
        WHERE customer = @customer AND day_ms >= @fromMs AND day_ms < @toMs`,
    )
    .all(range);
}

function readDays(db: Db, range: Range): MonthDay[] {
  const by = <Row extends Key>(rows: readonly Row[]) => new Map(rows.map((row) => [keyOf(row), row]));
  const events = by(readEvents(db, range));
  const shares = by(readShares(db, range));
  const corrected = by(readChanged(db, corrections, range));
  const settledOf = by(readChanged(db, settled, range));
  const stripe = by(readStripeDays(db, range));
  const labelOf = readLabels(db);
  const keys = new Map<string, Key>([...events, ...shares, ...corrected, ...settledOf]);
  // A day without usage here is of interest where Stripe counts something.
  for (const [key, day] of stripe) if (day.value !== 0) keys.set(key, day);
  return [...keys]
    .map(([key, { meter, dayMs: atMs }]) => {
      const parts = partsOf({
        events: events.get(key),
        shares: shares.get(key),
        corrections: corrected.get(key) ?? nothingChanged,
        settled: settledOf.get(key) ?? nothingChanged,
      });
      const bothSides = stripeOf(events.get(key), stripe.get(key));
      return { ...labelOf(meter), ...parts, meter, day: dayText(atMs), ...bothSides };
    })
    .toSorted((a, b) => a.day.localeCompare(b.day) || a.meter.localeCompare(b.meter));
}

function keyOf({ meter, dayMs: atMs }: Key): string {
  return `${atMs} ${meter}`;
}

function dayText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** A meter that is read has been counted on, so its unit stands. */
function readLabels(db: Db): (meter: string) => MeterLabel {
  const read = db.prepare<[string], MeterLabel>(`SELECT ${meterLabel} FROM meter_units u WHERE u.meter = ?`);
  return (meter) => {
    const label = read.get(meter);
    if (!label) throw new Error('a meter is written down with its unit before anything is counted on it');
    return label;
  };
}

type Found = {
  readonly events: Omit<EventsOfDay, keyof Key | 'uncertain' | 'lastChangeMs'> | undefined;
  readonly shares: Omit<Shares, keyof Key> | undefined;
  readonly corrections: Changed;
  readonly settled: Changed;
};

const noEvents = { delivered: 0, waiting: 0, rejected: 0, setAside: 0, carried: 0, remainderThousandths: 0 };
const noShares = { calls: 0, amount: 0, worth: 0, unpriced: 0, openAmount: 0 };

function partsOf({
  events = noEvents,
  shares = noShares,
  corrections: corrected,
  settled: itemised,
}: Found): MonthParts {
  return {
    calls: shares.calls,
    dueNanoUsd: shares.worth + corrected.worth + itemised.worth,
    unpricedCalls: shares.unpriced,
    dueThousandths: shares.amount + corrected.amount + itemised.amount,
    deliveredThousandths: events.delivered * 1_000,
    waitingThousandths: events.waiting * 1_000,
    rejectedThousandths: events.rejected * 1_000,
    setAsideThousandths: events.setAside * 1_000,
    carriedForwardThousandths: events.carried * 1_000,
    openThousandths: shares.openAmount,
    correctionsThousandths: corrected.amount,
    settledThousandths: itemised.amount,
    remainderThousandths: events.remainderThousandths,
  };
}

function stripeOf(events: EventsOfDay | undefined, stripe: StripeDay | undefined) {
  if (!stripe) return { stripeValue: null, readAtMs: null, differenceValue: null, cause: null };
  const { value: stripeValue, readAtMs } = stripe;
  const deliveredValue = events?.delivered ?? 0;
  const { uncertain: uncertainValue = 0, lastChangeMs = 0 } = events ?? {};
  return {
    stripeValue,
    readAtMs,
    differenceValue: stripeValue - deliveredValue,
    cause: causeOfDifference({ stripeValue, deliveredValue, uncertainValue, lastChangeMs, readAtMs }),
  };
}

/** What the calls of a stretch of time come to in money, wherever its parts are. */
function readDue(db: Db, range: Range): { readonly calls: number; readonly dueNanoUsd: number } {
  const shares = db
    .prepare<unknown[], { readonly calls: number; readonly worth: number }>(
      `SELECT COUNT(DISTINCT c.id) AS calls, COALESCE(SUM(s.worth_nano_usd), 0) AS worth FROM (${sharesOf}) s JOIN calls c ON c.seq = s.call_seq`,
    )
    .get(range) ?? { calls: 0, worth: 0 };
  const more = [...readChanged(db, corrections, range), ...readChanged(db, settled, range)];
  return { calls: shares.calls, dueNanoUsd: more.reduce((sum, { worth }) => sum + worth, shares.worth) };
}

function unpricedCalls(db: Db, range: Range): number {
  const calls = db.prepare<unknown[], number>(
    `SELECT COUNT(*) FROM current_calls
      WHERE started_at_ms >= @fromMs AND started_at_ms < @toMs AND customer = @customer AND cost_nano_usd IS NULL`,
  );
  return calls.pluck().get(range) ?? 0;
}

/** Whoever has ever had a meter event, for a person to choose from. */
export function readBilledCustomers(db: Db): string[] {
  return db.prepare<[], string>('SELECT DISTINCT customer FROM remainders ORDER BY 1 LIMIT 1000').pluck().all();
}

/** The meters of a customer in a stretch of time. */
export function readMetersOf(db: Db, range: Range): string[] {
  return db.prepare<unknown[], string>(`SELECT DISTINCT meter FROM (${sharesOf}) ORDER BY 1`).pluck().all(range);
}

export type StripeDaysRead = Range & {
  readonly meter: string;
  /** Days that Stripe lists nothing for are zero. */
  readonly sums: readonly { readonly dayMs: number; readonly stripeValue: number }[];
  readonly nowMs: number;
};

/** The writing side of it: Stripe's figures of these days, in place of what was read before. */
export function recordStripeDays(db: Db, { customer, meter, fromMs, toMs, sums, nowMs }: StripeDaysRead): void {
  db.transaction(() => {
    const values = new Map(sums.map(({ dayMs: atMs, stripeValue }) => [atMs, stripeValue]));
    const keep = db.prepare('INSERT OR REPLACE INTO stripe_days VALUES (?, ?, ?, ?, ?)');
    for (let atMs = fromMs; atMs < toMs; atMs += dayMs) keep.run(customer, meter, atMs, values.get(atMs) ?? 0, nowMs);
  })();
}
