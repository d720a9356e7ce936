/** The outbox as the Stripe screen and `tollkeeper sync` show it. Reading side only. */
import type { BillingDifference, DayComparison, StripeView } from '../../shared/contract/api.ts';
import type { Quantities } from '../../shared/contract/meter-amounts.ts';
import { planAt } from '../../shared/dated-plan.ts';
import { defaultPlan } from '../../shared/default-plan.ts';
import { windowMs } from '../../shared/meter-event.ts';
import { nextMonth } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';
import { readCarryForwards } from './carry-forwards.ts';
import { readClosing, readOnNoInvoice } from './closing-invoices.ts';
import { listEvents } from './list-events.ts';
import { meterLabel, quantitySums, toldAndDue } from './meter-sql.ts';
import { readPlans } from './plans-in-force.ts';
import { readsPerMonthMax, readsUsed } from './stripe-reads.ts';

/** The part of the summary that the database knows; whether Stripe answers is the agent's to say. */
export type OutboxSummary = {
  readonly waitingEvents: number;
  readonly waitingNanoUsd: number;
  readonly waitingQuantities: Quantities;
  readonly oldestWaitingMinuteMs: number | null;
};

export function outboxSummary(db: Db): OutboxSummary {
  const row = db
    .prepare<[], Omit<OutboxSummary, 'waitingQuantities'> & Quantities>(
      `SELECT COUNT(*) AS waitingEvents, COALESCE(SUM(worth_nano_usd), 0) AS waitingNanoUsd, MIN(minute_ms) AS oldestWaitingMinuteMs, ${quantitySums}
         FROM meter_events WHERE state IN ('sealed', 'sending', 'unknown')`,
    )
    .get();
  if (!row) throw new Error('an aggregate without groups always has one row');
  const { tokens, requests, unpricedEvents, ...summary } = row;
  return { ...summary, waitingQuantities: { tokens, requests, unpricedEvents } };
}

export type OutboxView = OutboxSummary &
  Pick<
    StripeView,
    | 'plan'
    | 'nextPlan'
    | 'openNanoUsd'
    | 'openQuantities'
    | 'acceptedQuantities'
    | 'acceptedEvents'
    | 'acceptedNanoUsd'
    | 'rejectedEvents'
    | 'confirmedEvents'
    | 'confirmedNanoUsd'
    | 'rejectedNanoUsd'
    | 'carryForwards'
    | 'leaving'
    | 'closing'
    | 'onNoInvoice'
    | 'dayDifferences'
    | 'reads'
    | 'unmapped'
    | 'unpriced'
    | 'differences'
    | 'nextAttemptAtMs'
    | 'events'
    | 'eventsInAll'
  >;

const differencesMax = 200;

/** `month` is the running one; calls without a customer are counted in it. */
export type OutboxQuestion = { readonly month: string; readonly nowMs: number };

export function readOutbox(db: Db, { month, nowMs }: OutboxQuestion): OutboxView {
  return {
    ...outboxSummary(db),
    carryForwards: readCarryForwards(db, nowMs),
    ...readLeaving(db, nowMs),
    onNoInvoice: readOnNoInvoice(db, nowMs),
    dayDifferences: dayDifferences(db),
    reads: { used: readsUsed(db, nowMs), max: readsPerMonthMax },
    ...sums(db),
    ...plansOf(db, nowMs),
    ...open(db),
    unmapped: unmapped(db, month),
    unpriced: unpriced(db),
    differences: differences(db),
    ...listEvents(db),
  };
}

function plansOf(db: Db, nowMs: number): Pick<OutboxView, 'plan' | 'nextPlan'> {
  const plans = readPlans(db);
  const plan = planAt(plans, nowMs) ?? { seq: 0, fromMs: 0, setAtMs: 0, plan: defaultPlan };
  return { plan, nextPlan: plans.find(({ fromMs }) => fromMs > Math.max(nowMs, plan.fromMs)) ?? null };
}

type Sums = Pick<
  OutboxView,
  | 'acceptedEvents'
  | 'acceptedNanoUsd'
  | 'acceptedQuantities'
  | 'confirmedEvents'
  | 'confirmedNanoUsd'
  | 'rejectedEvents'
  | 'rejectedNanoUsd'
  | 'nextAttemptAtMs'
>;

function sums(db: Db): Sums {
  const row = db
    .prepare<[], Omit<Sums, 'acceptedQuantities'> & Quantities>(
      `SELECT COALESCE(SUM(state IN ('accepted', 'confirmed', 'cancelling')), 0) AS acceptedEvents,
              COALESCE(SUM(CASE WHEN state IN ('accepted', 'confirmed', 'cancelling') THEN worth_nano_usd END), 0) AS acceptedNanoUsd,
              COALESCE(SUM(CASE WHEN unit = 'token' AND state IN ('accepted', 'confirmed', 'cancelling') THEN value END), 0) AS tokens,
              COALESCE(SUM(CASE WHEN unit = 'request' AND state IN ('accepted', 'confirmed', 'cancelling') THEN value END), 0) AS requests,
              COALESCE(SUM(unpriced_calls > 0 AND state IN ('accepted', 'confirmed', 'cancelling')), 0) AS unpricedEvents,
              COALESCE(SUM(state = 'confirmed'), 0) AS confirmedEvents,
              COALESCE(SUM(CASE WHEN state = 'confirmed' THEN worth_nano_usd END), 0) AS confirmedNanoUsd,
              COALESCE(SUM(state = 'rejected'), 0) AS rejectedEvents,
              COALESCE(SUM(CASE WHEN state = 'rejected' THEN worth_nano_usd END), 0) AS rejectedNanoUsd,
              MIN(CASE WHEN state IN ('sealed', 'unknown') THEN next_attempt_at_ms END) AS nextAttemptAtMs
         FROM meter_events`,
    )
    .get();
  if (!row) throw new Error('an aggregate without groups always has one row');
  const { tokens, requests, unpricedEvents, ...others } = row;
  return { ...others, acceptedQuantities: { tokens, requests, unpricedEvents } };
}

/** How long before it leaves Stripe's window an event is warned of. */
const warnAheadMs = 48 * 3_600_000;

/** What leaves Stripe's window, or an invoice, soon. */
export function readLeaving(db: Db, nowMs: number): Pick<StripeView, 'leaving' | 'closing'> {
  const closing = readClosing(db, { nowMs, untilMs: nowMs + warnAheadMs });
  return { leaving: leaving(db, nowMs), closing: { ...closing, asOfMs: nowMs } };
}

function leaving(db: Db, nowMs: number): StripeView['leaving'] {
  const row = db
    .prepare<[number, number], Omit<StripeView['leaving'], 'asOfMs'>>(
      `SELECT COUNT(*) AS events, COALESCE(SUM(worth_nano_usd), 0) AS nanoUsd, ${quantitySums}, MIN(minute_ms) + ? AS atMs
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
      `SELECT customer, meter, ${meterLabel}, day_ms AS dayMs, accepted_value AS acceptedValue, stripe_value AS stripeValue,
              compared_at_ms AS comparedAtMs
         FROM day_comparisons JOIN meter_units u USING (meter) WHERE accepted_value <> stripe_value ORDER BY day_ms DESC, customer, meter LIMIT ?`,
    )
    .all(dayDifferencesMax);
}

/** Not sealed yet, and the remainders below one micro-dollar. */
function open(db: Db): Pick<OutboxView, 'openNanoUsd' | 'openQuantities'> {
  const shares = db
    .prepare<[], Quantities & { readonly worth: number }>(
      `SELECT COALESCE(SUM(worth_nano_usd), 0) AS worth,
              COALESCE(SUM(CASE unit WHEN 'token' THEN amount_thousandths END), 0) / 1000 AS tokens,
              COALESCE(SUM(CASE unit WHEN 'request' THEN amount_thousandths END), 0) / 1000 AS requests,
              COALESCE(SUM(worth_nano_usd IS NULL), 0) AS unpricedEvents
         FROM outbox_shares JOIN meter_units USING (meter) WHERE event_id IS NULL`,
    )
    .get();
  if (!shares) throw new Error('an aggregate without groups always has one row');
  const carried = db
    .prepare<[], number>(
      `SELECT COALESCE(SUM(thousandths), 0) FROM remainders JOIN meter_units USING (meter) WHERE unit = 'micro_usd'`,
    )
    .pluck();
  const { worth, ...openQuantities } = shares;
  return { openNanoUsd: worth + (carried.get() ?? 0), openQuantities };
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

/** Calls that will be billed once they have a price: of every month, since they wait until then. Those that a token plan counts are told already. */
function unpriced(db: Db): StripeView['unpriced'] {
  const row = db
    .prepare<[], StripeView['unpriced']>(
      `SELECT COALESCE(SUM(unpriced_calls), 0) AS calls, COUNT(DISTINCT customer) AS customers
         FROM rollups WHERE customer <> '' AND unpriced_calls > 0`,
    )
    .get();
  if (!row) throw new Error('an aggregate without groups always has one row');
  if (row.calls === 0 || !countsTokens(db)) return row;
  const waiting = db
    .prepare<[], StripeView['unpriced']>(
      `SELECT COUNT(*) AS calls, COUNT(DISTINCT customer) AS customers FROM current_calls c
        WHERE cost_nano_usd IS NULL AND customer IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM calls r JOIN outbox_shares s ON s.call_seq = r.seq WHERE r.id = c.id)`,
    )
    .get();
  return waiting ?? row;
}

function countsTokens(db: Db): boolean {
  return db.prepare(`SELECT 1 FROM meter_units WHERE unit <> 'micro_usd' LIMIT 1`).get() !== undefined;
}

/** What was sent and should have been something else: more when positive, less when negative. */
function differences(db: Db): StripeView['differences'] {
  const row = db
    .prepare<[], Omit<StripeView['differences'], 'rows'>>(
      `SELECT COUNT(DISTINCT call_id) AS calls, COALESCE(SUM(due_worth_nano_usd - sent_worth_nano_usd), 0) AS nanoUsd,
              COALESCE(SUM(CASE unit WHEN 'token' THEN due_thousandths - sent_thousandths END), 0) / 1000 AS tokens,
              COALESCE(SUM(CASE unit WHEN 'request' THEN due_thousandths - sent_thousandths END), 0) / 1000 AS requests
         FROM billing_differences JOIN meter_units USING (meter)`,
    )
    .get();
  if (!row) throw new Error('an aggregate without groups always has one row');
  const rows = db
    .prepare<[number], BillingDifference>(
      `SELECT call_id AS callId, customer, meter, minute_ms AS minuteMs, event_id AS eventId, ${toldAndDue}
         FROM billing_differences JOIN meter_units u USING (meter) ORDER BY minute_ms DESC, call_id, customer, meter LIMIT ?`,
    )
    .all(differencesMax);
  return { ...row, rows };
}

/** What waits, was refused or set aside comes before what is delivered; the newest first in each. */
