/** The outbox as the Stripe screen and `tollkeeper sync` show it. Reading side only. */
import type { BillingDifference, DayComparison, MeterEventRow, StripeView } from '../../shared/contract/api.ts';
import { windowMs } from '../../shared/meter-event.ts';
import { nextMonth } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';
import { readCarryForwards } from './carry-forwards.ts';
import { readsPerMonthMax, readsUsed } from './stripe-reads.ts';

/** The part of the summary that the database knows; whether Stripe answers is the agent's to say. */
export type OutboxSummary = {
  readonly waitingEvents: number;
  readonly waitingNanoUsd: number;
  readonly oldestWaitingMinuteMs: number | null;
};

export function outboxSummary(db: Db): OutboxSummary {
  const row = db
    .prepare<[], OutboxSummary>(
      `SELECT COUNT(*) AS waitingEvents, COALESCE(SUM(value), 0) * 1000 AS waitingNanoUsd, MIN(minute_ms) AS oldestWaitingMinuteMs
         FROM meter_events WHERE state IN ('sealed', 'sending', 'unknown')`,
    )
    .get();
  if (!row) throw new Error('an aggregate without groups always has one row');
  return row;
}

export type OutboxView = OutboxSummary &
  Pick<
    StripeView,
    | 'openNanoUsd'
    | 'acceptedEvents'
    | 'acceptedNanoUsd'
    | 'rejectedEvents'
    | 'confirmedEvents'
    | 'confirmedNanoUsd'
    | 'rejectedNanoUsd'
    | 'carryForwards'
    | 'leaving'
    | 'dayDifferences'
    | 'reads'
    | 'unmapped'
    | 'unpriced'
    | 'differences'
    | 'nextAttemptAtMs'
    | 'events'
  >;

/** The columns of a `MeterEventRow`. */
export const meterEventColumns = `id, identifier, customer, meter, minute_ms AS minuteMs, revision, value, state, attempts, calls, sealed_at_ms AS sealedAtMs,
  next_attempt_at_ms AS nextAttemptAtMs, accepted_at_ms AS acceptedAtMs, confirmed_at_ms AS confirmedAtMs, rejection_code AS rejectionCode,
  last_answer AS lastAnswer`;

const eventsMax = 200;
const differencesMax = 200;

/** `month` is the running one; calls without a customer are counted in it. */
export type OutboxQuestion = { readonly month: string; readonly nowMs: number };

export function readOutbox(db: Db, { month, nowMs }: OutboxQuestion): OutboxView {
  return {
    ...outboxSummary(db),
    carryForwards: readCarryForwards(db),
    leaving: leaving(db, nowMs),
    dayDifferences: dayDifferences(db),
    reads: { used: readsUsed(db, nowMs), max: readsPerMonthMax },
    ...sums(db),
    openNanoUsd: openNanoUsd(db),
    unmapped: unmapped(db, month),
    unpriced: unpriced(db),
    differences: differences(db),
    events: readEvents(db, eventsMax),
  };
}

type Sums = Pick<
  OutboxView,
  | 'acceptedEvents'
  | 'acceptedNanoUsd'
  | 'confirmedEvents'
  | 'confirmedNanoUsd'
  | 'rejectedEvents'
  | 'rejectedNanoUsd'
  | 'nextAttemptAtMs'
>;

function sums(db: Db): Sums {
  const row = db
    .prepare<[], Sums>(
      `SELECT COALESCE(SUM(state IN ('accepted', 'confirmed')), 0) AS acceptedEvents,
              COALESCE(SUM(CASE WHEN state IN ('accepted', 'confirmed') THEN value END), 0) * 1000 AS acceptedNanoUsd,
              COALESCE(SUM(state = 'confirmed'), 0) AS confirmedEvents,
              COALESCE(SUM(CASE WHEN state = 'confirmed' THEN value END), 0) * 1000 AS confirmedNanoUsd,
              COALESCE(SUM(state = 'rejected'), 0) AS rejectedEvents,
              COALESCE(SUM(CASE WHEN state = 'rejected' THEN value END), 0) * 1000 AS rejectedNanoUsd,
              MIN(CASE WHEN state IN ('sealed', 'unknown') THEN next_attempt_at_ms END) AS nextAttemptAtMs
         FROM meter_events`,
    )
    .get();
  if (!row) throw new Error('an aggregate without groups always has one row');
  return row;
}

/** How long before it leaves Stripe's window an event is warned of. */
const warnAheadMs = 48 * 3_600_000;

function leaving(db: Db, nowMs: number): StripeView['leaving'] {
  const row = db
    .prepare<[number, number], Omit<StripeView['leaving'], 'asOfMs'>>(
      `SELECT COUNT(*) AS events, COALESCE(SUM(value), 0) * 1000 AS nanoUsd, MIN(minute_ms) + ? AS atMs
         FROM meter_events WHERE state IN ('sealed', 'sending', 'unknown') AND minute_ms < ?`,
    )
    .get(windowMs, nowMs - windowMs + warnAheadMs);
  if (!row) throw new Error('an aggregate without groups always has one row');
  return { ...row, asOfMs: nowMs };
}

const dayDifferencesMax = 100;

function dayDifferences(db: Db): DayComparison[] {
  return db
    .prepare<[number], DayComparison>(
      `SELECT customer, meter, day_ms AS dayMs, accepted_value * 1000 AS acceptedNanoUsd,
              CAST(ROUND(stripe_value * 1000) AS INTEGER) AS stripeNanoUsd, compared_at_ms AS comparedAtMs
         FROM day_comparisons WHERE accepted_value <> stripe_value ORDER BY day_ms DESC, customer, meter LIMIT ?`,
    )
    .all(dayDifferencesMax);
}

/** Not sealed yet, and the remainders below one micro-dollar. */
function openNanoUsd(db: Db): number {
  const total = db.prepare<[], number>(
    `SELECT (SELECT COALESCE(SUM(billable_nano_usd), 0) FROM outbox_shares WHERE event_id IS NULL)
          + (SELECT COALESCE(SUM(nano_usd), 0) FROM remainders)`,
  );
  return total.pluck().get() ?? 0;
}

function unmapped(db: Db, month: string): StripeView['unmapped'] {
  const row = db
    .prepare<[string, string], StripeView['unmapped']>(
      `SELECT COALESCE(SUM(calls), 0) AS calls, COALESCE(SUM(cost_nano_usd), 0) AS costNanoUsd,
              COALESCE(SUM(unpriced_calls), 0) AS unpricedCalls
         FROM rollups WHERE customer = '' AND day >= ? AND day < ?`,
    )
    .get(month, nextMonth(month));
  if (!row) throw new Error('an aggregate without groups always has one row');
  return row;
}

/** Calls that will be billed once they have a price: of every month, since they wait until then. */
function unpriced(db: Db): StripeView['unpriced'] {
  const row = db
    .prepare<[], StripeView['unpriced']>(
      `SELECT COALESCE(SUM(unpriced_calls), 0) AS calls, COUNT(DISTINCT customer) AS customers
         FROM rollups WHERE customer <> '' AND unpriced_calls > 0`,
    )
    .get();
  if (!row) throw new Error('an aggregate without groups always has one row');
  return row;
}

/** What was sent and should have been something else: more when positive, less when negative. */
function differences(db: Db): StripeView['differences'] {
  const row = db
    .prepare<[], Omit<StripeView['differences'], 'rows'>>(
      'SELECT COUNT(*) AS calls, COALESCE(SUM(due_nano_usd - sent_nano_usd), 0) AS nanoUsd FROM billing_differences',
    )
    .get();
  if (!row) throw new Error('an aggregate without groups always has one row');
  const rows = db
    .prepare<[number], BillingDifference>(
      `SELECT call_id AS callId, customer, minute_ms AS minuteMs, event_id AS eventId, sent_nano_usd AS sentNanoUsd, due_nano_usd AS dueNanoUsd
         FROM billing_differences ORDER BY minute_ms DESC, call_id, customer LIMIT ?`,
    )
    .all(differencesMax);
  return { ...row, rows };
}

/** What waits, was refused or set aside comes before what is delivered; the newest first in each. */
function readEvents(db: Db, limit: number): MeterEventRow[] {
  const read = (condition: string, most: number) =>
    db
      .prepare<[number], MeterEventRow>(
        `SELECT ${meterEventColumns} FROM meter_events WHERE ${condition} ORDER BY minute_ms DESC, customer, revision DESC LIMIT ?`,
      )
      .all(most);
  // A question for each group, served by the index of the state: one that sorts all of them reads every event ever sent.
  const groups = [
    "state IN ('sealed', 'sending', 'unknown', 'rejected', 'set_aside')",
    "state IN ('accepted', 'carried_forward')",
    "state = 'confirmed'",
  ];
  const rows: MeterEventRow[] = [];
  for (const group of groups) rows.push(...read(group, limit - rows.length));
  return rows;
}
