/**
 * Days on which Stripe counts less than it accepted, and goes on doing so. The writing side; one transaction each. Which events it does not count nobody
 * has said: their reports are gone (Stripe keeps them for 30 days, and a machine may be offline for longer) or name no event. So the hours of the day are
 * read, and of those that lack something the minutes (minute-readings.ts), whose accepted events are weighed as uncertain ones.
 * A day is doubted once it has differed by the same figures for `sameForMs`; its hours are the second look, so a summary that lags longer costs reads and no more.
 * Sends nothing.
 */
import type { Db } from '../system/db.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A little less than lies between two daily comparisons, of which the second goes first where both are due. */
const sameForMs = 18 * hourMs;
/** What the minutes could not explain is looked into again, seldom, and for two months in which nothing changes: it costs reads. */
const againAfterMs = 7 * dayMs;
const againForMs = 62 * dayMs;
/** Says that a minute has not been read: no sum of it is below zero. */
export const notRead = -1;

export type DayOfMeter = { readonly customer: string; readonly meter: string; readonly dayMs: number };

export function doubtedDays(
  db: Db,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
): DayOfMeter[] {
  return db
    .prepare<unknown[], DayOfMeter>(
      `SELECT customer, meter, day_ms AS dayMs FROM day_comparisons
        WHERE accepted_value <> stripe_value AND accepted_value > stripe_value AND same_since_ms <= @sameMs
          AND (hours_read_at_ms IS NULL OR hours_read_at_ms <= @againMs AND same_since_ms > @againFromMs)
        ORDER BY day_ms, customer, meter LIMIT @limit`,
    )
    .all({ sameMs: nowMs - sameForMs, againMs: nowMs - againAfterMs, againFromMs: nowMs - againForMs, limit });
}

export type HoursRead = DayOfMeter & {
  /** Hours that Stripe lists nothing for are zero. */
  readonly sums: readonly { readonly fromMs: number; readonly stripeValue: number }[];
  readonly nowMs: number;
};

/** Returns how many minutes are in doubt by it. */
export function recordHours(db: Db, { customer, meter, dayMs: day, sums, nowMs }: HoursRead): number {
  return db.transaction(() => {
    db.prepare('UPDATE day_comparisons SET hours_read_at_ms = ? WHERE customer = ? AND meter = ? AND day_ms = ?').run(
      nowMs,
      customer,
      meter,
      day,
    );
    const stripe = new Map(sums.map((sum) => [sum.fromMs, sum.stripeValue]));
    let minutes = 0;
    for (let fromMs = day; fromMs < day + dayMs; fromMs += hourMs) {
      const hour = { customer, meter, fromMs, toMs: fromMs + hourMs };
      if (acceptedIn(db, hour) > (stripe.get(fromMs) ?? 0)) minutes += doubtMinutes(db, { ...hour, nowMs });
    }
    return minutes;
  })();
}

type Hour = { readonly customer: string; readonly meter: string; readonly fromMs: number; readonly toMs: number };

function acceptedIn(db: Db, { customer, meter, fromMs, toMs }: Hour): number {
  const sum = db.prepare<[string, string, number, number], number>(
    `SELECT COALESCE(SUM(value), 0) FROM meter_events
      WHERE customer = ? AND meter = ? AND minute_ms >= ? AND minute_ms < ? AND state IN ('accepted', 'confirmed')`,
  );
  return sum.pluck().get(customer, meter, fromMs, toMs) ?? 0;
}

function doubtMinutes(db: Db, hour: Hour & { readonly nowMs: number }): number {
  return db
    .prepare(
      `INSERT INTO minute_readings (customer, meter, minute_ms, stripe_value, same_since_ms, read_at_ms, next_read_at_ms, is_unexplained, is_doubted)
       SELECT DISTINCT customer, meter, minute_ms, ${notRead}, @nowMs, @nowMs, @nowMs, 0, 1 FROM meter_events
        WHERE customer = @customer AND meter = @meter AND minute_ms >= @fromMs AND minute_ms < @toMs AND state = 'accepted'
       ON CONFLICT (customer, meter, minute_ms) DO UPDATE SET is_doubted = 1, next_read_at_ms = MIN(next_read_at_ms, @nowMs)`,
    )
    .run(hour).changes;
}
