/**
 * The daily confirmation: what Stripe counts of a UTC day of a customer and meter, against what it accepted. The writing side; one transaction each.
 * Agreement to the unit confirms the day's events. A difference is kept with both figures and compared again the next day; nothing is sent on it. One that
 * stays is looked into (doubted-days.ts).
 * A day is compared once it is over, its last acceptance and its last cancellation are `settledAfterMs` old (summaries lag), and nothing of it is on
 * its way, held or being cancelled. Until then it is not asked about, so that an event that is held costs no reads.
 */
import { windowMs } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { hasReadsLeft } from './stripe-reads.ts';

const dayMs = 24 * 3_600_000;
/** Written into the statement: a bound number would divide as a float. */
const dayOfMinute = `minute_ms / ${dayMs} * ${dayMs}`;
const settledAfterMs = 6 * 3_600_000;
/** A little less than a day, so that a daily comparison does not slip by the time it takes. */
const againAfterMs = 20 * 3_600_000;
/**
 * A day that still differs after this long stays as it was last compared: two months, in which the reads of a month may be used up once, behind the 35 days
 * that an event may be old when Stripe takes it. Not where the ledger says something else since, or where it never was compared: a thousand minutes whose
 * answers were lost may take the reads of two months and more, and what stood beside them on their days would never be confirmed (soak seed 300456).
 */
const lookBackMs = 62 * dayMs + windowMs;
/** Nothing that is older is looked through for that. */
const oldestMs = 366 * dayMs;

/** What of a day of `customer`, `meter` and `dayMs` is taken to be counted by Stripe. */
const acceptedOf = (customer: string, meter: string, day: string) =>
  `(SELECT COALESCE(SUM(e.value), 0) FROM meter_events e
     WHERE e.customer = ${customer} AND e.meter = ${meter} AND e.minute_ms >= ${day} AND e.minute_ms < ${day} + ${dayMs}
       AND e.state IN ('accepted', 'confirmed'))`;

export type DaysToCompare = {
  readonly customer: string;
  readonly meter: string;
  /** The first UTC day's start, and the end of the last, which is not included. */
  readonly fromMs: number;
  readonly toMs: number;
};

/**
 * Pairs with days that wait to be compared; the one first that has waited longest, so that they take turns where there are more than the reads of a day. A
 * difference that stays has waited since it was last looked at. None when the reads of a day are used up.
 */
export function daysToCompare(
  db: Db,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
): DaysToCompare[] {
  if (!hasReadsLeft(db, { kind: 'days', nowMs })) return [];
  return db
    .prepare<unknown[], DaysToCompare>(
      `WITH days AS (
         SELECT customer, meter, ${dayOfMinute} AS dayMs FROM meter_events
          WHERE state = 'accepted' AND minute_ms >= @oldestMs AND minute_ms < @todayMs
          GROUP BY 1, 2, 3 HAVING MAX(accepted_at_ms) <= @settledMs
          UNION
         -- All that made the difference was rejected since: it may be none any more.
         SELECT customer, meter, day_ms FROM day_comparisons c
          WHERE accepted_value <> stripe_value AND day_ms >= @oldestMs AND compared_at_ms < @againMs
            AND accepted_value <> ${acceptedOf('c.customer', 'c.meter', 'c.day_ms')}
            AND NOT EXISTS (SELECT 1 FROM meter_events e WHERE e.customer = c.customer AND e.meter = c.meter AND e.minute_ms >= c.day_ms
                               AND e.minute_ms < c.day_ms + ${dayMs} AND e.state = 'accepted')),
       -- As recordDays has them. Few: each event of a day would be looked at otherwise.
       open_days AS (
         SELECT customer, meter, ${dayOfMinute} AS dayMs FROM meter_events WHERE state IN ('sending', 'unknown', 'cancelling')
          UNION
         SELECT customer, meter, ${dayOfMinute} FROM cancellations WHERE COALESCE(done_at_ms, last_asked_at_ms) > @settledMs)
       SELECT d.customer, d.meter, MIN(d.dayMs) AS fromMs, MAX(d.dayMs) + ${dayMs} AS toMs
         FROM days d LEFT JOIN day_comparisons c ON c.customer = d.customer AND c.meter = d.meter AND c.day_ms = d.dayMs AND c.compared_at_ms <= @nowMs
        WHERE (c.compared_at_ms IS NULL
               OR c.compared_at_ms < @againMs
                  AND (d.dayMs >= @earliestMs OR c.accepted_value <> ${acceptedOf('d.customer', 'd.meter', 'd.dayMs')}))
          AND (d.customer, d.meter, d.dayMs) NOT IN open_days
        GROUP BY d.customer, d.meter ORDER BY MIN(COALESCE(c.compared_at_ms, d.dayMs + ${dayMs})), d.customer, d.meter LIMIT @limit`,
    )
    .all({
      nowMs,
      limit,
      todayMs: Math.floor(nowMs / dayMs) * dayMs,
      earliestMs: nowMs - lookBackMs,
      oldestMs: nowMs - oldestMs,
      settledMs: nowMs - settledAfterMs,
      againMs: nowMs - againAfterMs,
    });
}

export type DaysRead = DaysToCompare & {
  /** Days that Stripe lists nothing for are zero. */
  readonly sums: readonly { readonly dayMs: number; readonly stripeValue: number }[];
  readonly nowMs: number;
};

type DayHere = { readonly dayMs: number; readonly acceptedValue: number; readonly isOpen: number };

/** Returns how many events were confirmed. */
export function recordDays(db: Db, { customer, meter, fromMs, toMs, sums, nowMs }: DaysRead): number {
  return db.transaction(() => {
    const here = db
      .prepare<unknown[], DayHere>(
        `WITH days AS (
         SELECT ${dayOfMinute} AS dayMs, SUM(CASE WHEN state IN ('accepted', 'confirmed') THEN value ELSE 0 END) AS acceptedValue,
                MAX(state IN ('sending', 'unknown', 'cancelling') OR state = 'accepted' AND accepted_at_ms > @settledMs
                    -- A summary may hold what was cancelled for a while.
                    OR EXISTS (SELECT 1 FROM cancellations c WHERE c.event_id = e.id AND COALESCE(c.done_at_ms, c.last_asked_at_ms) > @settledMs)) AS isOpen
           FROM meter_events e WHERE customer = @customer AND meter = @meter AND minute_ms >= @fromMs AND minute_ms < @toMs GROUP BY 1
          UNION ALL
         -- Of which no event may be left.
         SELECT day_ms, 0, 0 FROM day_comparisons
          WHERE customer = @customer AND meter = @meter AND day_ms >= @fromMs AND day_ms < @toMs AND accepted_value <> stripe_value)
         SELECT dayMs, SUM(acceptedValue) AS acceptedValue, MAX(isOpen) AS isOpen FROM days GROUP BY 1`,
      )
      .all({ customer, meter, fromMs, toMs, settledMs: nowMs - settledAfterMs });
    const stripe = new Map(sums.map((sum) => [sum.dayMs, sum.stripeValue]));
    let confirmed = 0;
    for (const day of here) {
      if (day.isOpen === 1) continue;
      confirmed += compare(db, { customer, meter, ...day, stripeValue: stripe.get(day.dayMs) ?? 0, nowMs });
    }
    return confirmed;
  })();
}

type Comparison = Omit<DayHere, 'isOpen'> & {
  readonly customer: string;
  readonly meter: string;
  readonly stripeValue: number;
  readonly nowMs: number;
};

function compare(db: Db, { customer, meter, dayMs: day, acceptedValue, stripeValue, nowMs }: Comparison): number {
  db.prepare(
    `INSERT INTO day_comparisons (customer, meter, day_ms, accepted_value, stripe_value, compared_at_ms, same_since_ms)
     VALUES (@customer, @meter, @day, @acceptedValue, @stripeValue, @nowMs, @nowMs)
     ON CONFLICT (customer, meter, day_ms) DO UPDATE SET
       same_since_ms = CASE WHEN accepted_value = @acceptedValue AND stripe_value = @stripeValue THEN COALESCE(same_since_ms, @nowMs) ELSE @nowMs END,
       accepted_value = @acceptedValue, stripe_value = @stripeValue, compared_at_ms = @nowMs`,
  ).run({ customer, meter, day, acceptedValue, stripeValue, nowMs });
  if (acceptedValue !== stripeValue) return 0;
  return db
    .prepare(
      `UPDATE meter_events SET state = 'confirmed', confirmed_at_ms = ?, last_answer = 'Stripe’s figure of its day agrees.'
        WHERE state = 'accepted' AND customer = ? AND meter = ? AND minute_ms >= ? AND minute_ms < ?`,
    )
    .run(nowMs, customer, meter, day, day + dayMs).changes;
}

export type SenderQuestion = { readonly customer: string; readonly meter: string; readonly minuteMs: number };

/**
 * Whether Stripe counted more on a day than this ledger can have sent for this customer and meter, what may have arrived included: then something else
 * sends to it, most likely another machine's ledger. Days since Stripe's window before the minute; one of long ago says nothing of it. What it can have sent is
 * asked of the events of now, not of the day when it was compared: what was uncertain then may be known to have arrived since.
 */
export function hasOtherSender(db: Db, { customer, meter, minuteMs }: SenderQuestion): boolean {
  const day = db.prepare<unknown[], number>(
    `SELECT 1 FROM day_comparisons d
      WHERE customer = @customer AND meter = @meter AND day_ms >= @sinceMs AND stripe_value > accepted_value AND stripe_value > (
              SELECT COALESCE(SUM(value), 0) FROM meter_events e
               WHERE e.customer = d.customer AND e.meter = d.meter AND e.minute_ms >= d.day_ms AND e.minute_ms < d.day_ms + ${dayMs}
                 AND (e.state IN ('accepted', 'confirmed') OR e.first_sent_at_ms IS NOT NULL)) LIMIT 1`,
  );
  return day.pluck().get({ customer, meter, sinceMs: minuteMs - windowMs }) !== undefined;
}
