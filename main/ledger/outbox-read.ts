/** The outbox as the Stripe screen and `tollkeeper sync` show it. Reading side only. */
import type { BillingDifference, MeterEventRow, StripeView } from '../../shared/contract/api.ts';
import { nextMonth } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';

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
    | 'unmapped'
    | 'unpriced'
    | 'differences'
    | 'nextAttemptAtMs'
    | 'events'
  >;

const eventsMax = 200;
const differencesMax = 200;

/** `month` is the running one; calls without a customer are counted in it. */
export function readOutbox(db: Db, { month }: { readonly month: string }): OutboxView {
  return {
    ...outboxSummary(db),
    ...sums(db),
    openNanoUsd: openNanoUsd(db),
    unmapped: unmapped(db, month),
    unpriced: unpriced(db),
    differences: differences(db),
    events: readEvents(db, eventsMax),
  };
}

function sums(db: Db) {
  const row = db
    .prepare<[], Pick<OutboxView, 'acceptedEvents' | 'acceptedNanoUsd' | 'rejectedEvents' | 'nextAttemptAtMs'>>(
      `SELECT COALESCE(SUM(state = 'accepted'), 0) AS acceptedEvents,
              COALESCE(SUM(CASE WHEN state = 'accepted' THEN value END), 0) * 1000 AS acceptedNanoUsd,
              COALESCE(SUM(state = 'rejected'), 0) AS rejectedEvents,
              MIN(CASE WHEN state IN ('sealed', 'unknown') THEN next_attempt_at_ms END) AS nextAttemptAtMs
         FROM meter_events`,
    )
    .get();
  if (!row) throw new Error('an aggregate without groups always has one row');
  return row;
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

/** What waits or was refused comes before what is delivered; the newest first in each. */
function readEvents(db: Db, limit: number): MeterEventRow[] {
  const read = (condition: string, most: number) =>
    db
      .prepare<[number], MeterEventRow>(
        `SELECT id, customer, meter, minute_ms AS minuteMs, revision, value, state, attempts, calls, sealed_at_ms AS sealedAtMs,
                next_attempt_at_ms AS nextAttemptAtMs, accepted_at_ms AS acceptedAtMs, last_answer AS lastAnswer
           FROM meter_events WHERE ${condition} ORDER BY minute_ms DESC, customer, revision DESC LIMIT ?`,
      )
      .all(most);
  // Two questions, each served by the index of the state: one that sorts both kinds reads every event ever sent.
  const open = read("state IN ('sealed', 'sending', 'unknown', 'rejected')", limit);
  return [...open, ...read("state = 'accepted'", limit - open.length)];
}
