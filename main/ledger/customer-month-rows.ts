/**
 * What a customer's month is made of, by UTC day and meter: meter events by state, the shares of calls, corrections, what items settled, and Stripe's days as
 * last read (read-customer-month.ts puts them beside each other). Reading side only.
 */
import type { MeterLabel } from '../../shared/contract/meter-amounts.ts';
import type { Db } from '../system/db.ts';
import { meterLabel } from './meter-sql.ts';

const dayMs = 24 * 3_600_000;
/** Written into the statement: a bound number would divide as a float. */
const dayOf = (minute: string) => `${minute} / ${dayMs} * ${dayMs}`;

export type CustomerRange = { readonly customer: string; readonly fromMs: number; readonly toMs: number };
export type MeterDay = { readonly meter: string; readonly dayMs: number };

export type EventsOfDay = MeterDay & {
  readonly delivered: number;
  readonly waiting: number;
  readonly rejected: number;
  readonly setAside: number;
  readonly carried: number;
  readonly uncertain: number;
  readonly remainderThousandths: number;
  readonly lastChangeMs: number;
};

export function eventsByDay(db: Db, range: CustomerRange): EventsOfDay[] {
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

export type SharesOfDay = MeterDay & {
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

export function sharesByDay(db: Db, range: CustomerRange): SharesOfDay[] {
  return db
    .prepare<unknown[], SharesOfDay>(
      `SELECT meter, ${dayOf('minute_ms')} AS dayMs, COUNT(*) AS calls, SUM(amount_thousandths) AS amount, COALESCE(SUM(worth_nano_usd), 0) AS worth,
              SUM(worth_nano_usd IS NULL) AS unpriced, SUM(CASE WHEN event_id IS NULL THEN amount_thousandths ELSE 0 END) AS openAmount FROM (${sharesOf}) GROUP BY 1, 2`,
    )
    .all(range);
}

export type Changed = { readonly amount: number; readonly worth: number };
type ChangedOfDay = MeterDay & Changed;
type ChangedIn = { readonly table: string; readonly amount: string; readonly worth: string };

export function changesByDay(db: Db, { table, amount, worth }: ChangedIn, range: CustomerRange): ChangedOfDay[] {
  return db
    .prepare<unknown[], ChangedOfDay>(
      `SELECT meter, ${dayOf('minute_ms')} AS dayMs, SUM(${amount}) AS amount, COALESCE(SUM(${worth}), 0) AS worth FROM ${table}
        WHERE customer = @customer AND minute_ms >= @fromMs AND minute_ms < @toMs GROUP BY 1, 2`,
    )
    .all(range);
}

export const corrections: ChangedIn = {
  table: 'billing_differences',
  amount: 'due_thousandths - sent_thousandths',
  worth: 'due_worth_nano_usd - sent_worth_nano_usd',
};
export const settled: ChangedIn = {
  table: 'settled_differences',
  amount: 'amount_thousandths',
  worth: 'worth_nano_usd',
};

export type StripeDay = MeterDay & { readonly value: number; readonly readAtMs: number };

export function stripeDays(db: Db, range: CustomerRange): StripeDay[] {
  return db
    .prepare<unknown[], StripeDay>(
      `SELECT meter, day_ms AS dayMs, value, read_at_ms AS readAtMs FROM stripe_days
        WHERE customer = @customer AND day_ms >= @fromMs AND day_ms < @toMs`,
    )
    .all(range);
}

/** A meter that is read has been counted on, so its unit stands. */
export function meterLabels(db: Db): (meter: string) => MeterLabel {
  const read = db.prepare<[string], MeterLabel>(`SELECT ${meterLabel} FROM meter_units u WHERE u.meter = ?`);
  return (meter) => {
    const label = read.get(meter);
    if (!label) throw new Error('a meter is written down with its unit before anything is counted on it');
    return label;
  };
}

/** What the calls of a stretch of time come to in money, wherever its parts are. */
export function dueOf(db: Db, range: CustomerRange): { readonly calls: number; readonly dueNanoUsd: number } {
  const shares = db
    .prepare<unknown[], { readonly calls: number; readonly worth: number }>(
      `SELECT COUNT(DISTINCT c.id) AS calls, COALESCE(SUM(s.worth_nano_usd), 0) AS worth FROM (${sharesOf}) s JOIN calls c ON c.seq = s.call_seq`,
    )
    .get(range) ?? { calls: 0, worth: 0 };
  const more = [...changesByDay(db, corrections, range), ...changesByDay(db, settled, range)];
  return { calls: shares.calls, dueNanoUsd: more.reduce((sum, { worth }) => sum + worth, shares.worth) };
}

export function unpricedCalls(db: Db, range: CustomerRange): number {
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
export function readMetersOf(db: Db, range: CustomerRange): string[] {
  return db.prepare<unknown[], string>(`SELECT DISTINCT meter FROM (${sharesOf}) ORDER BY 1`).pluck().all(range);
}
