/**
 * The outbox: shares of calls folded into meter events. The writing side; every function is one transaction. What is due is taken in take-due.ts, what
 * became of it written down in record-answers.ts.
 *
 * A share is open until its minute is sealed. A minute (the one in which a call started) is sealed when it ended at least `settleMs` ago and
 * no call that began in it or before is still on its way to the same customer, or when it has waited `sealAtLatestMs`. A share that comes
 * later becomes a further event of its minute, with the next revision. Nothing is re-dated (invariant 8).
 * A minute that comes to less than a unit, with what was carried to it, is an event of nothing, `withdrawn` from the beginning: it is never sent, and what it
 * comes to is carried to the next. Left open, such minutes were each looked at alone, and 500 of one customer kept everybody's waiting behind them.
 * The states and their moves: shared/meter-event-states.ts. What a person chooses is in outbox-choices.ts, what Stripe's summaries and reports say
 * in minute-readings.ts, error-reports.ts and confirmations.ts.
 */
import { foldMinute, meterEventIdentifier } from '../../shared/meter-event.ts';
import type { MeterUnit } from '../../shared/plan-meters.ts';
import { preparedOnce, type Db } from '../system/db.ts';
import { releaseCancellations } from './cancellations.ts';
import { ledgerIdOf } from './ledger-id.ts';
import { nextRevision } from './revisions.ts';

export type { MinuteOfMeter } from './revisions.ts';

/** Settles are written within milliseconds of a call's end; this leaves room for a slow disk. */
const settleMs = 5_000;
/** A stream of a quarter of an hour is past every client's timeout; its share then goes as a revision. */
const sealAtLatestMs = 15 * 60_000;
const minuteLengthMs = 60_000;
/** A call waits while this is one transaction on the ledger's thread; whoever seals asks again for the rest. */
const sealedAtOnceMax = 500;

/** Of a ledger that takes another's place: also what is still open, some hundred minutes at a time. */
export function sealEveryMinute(db: Db, lastMs: number): void {
  // So far ahead that no minute is still open.
  const nowMs = lastMs + 24 * 3_600_000;
  while (sealClosedMinutes(db, { nowMs, onTheirWay: [] }) > 0);
}

type OpenMinute = {
  readonly customer: string;
  readonly meter: string;
  readonly unit: MeterUnit;
  readonly minute_ms: number;
  readonly amount: number;
  /** As far as it is known. */
  readonly worth: number;
  readonly unpriced: number;
  readonly calls: number;
};

/** Returns how many minutes were sealed, those below a unit included: while there are any, there may be more. */
export function sealClosedMinutes(db: Db, question: SealQuestion): number {
  const { nowMs } = question;
  return db.transaction(() => {
    const minutes = closedMinutes(db, question);
    for (const minute of minutes) sealMinute(db, minute, nowMs);
    return minutes.length;
  })();
}

export type SealQuestion = {
  readonly nowMs: number;
  /** Customers with calls that are not in the ledger yet, and when the first of them began. */
  readonly onTheirWay: readonly (readonly [customer: string, startedAtMs: number])[];
};

function closedMinutes(db: Db, { nowMs, onTheirWay }: SealQuestion): OpenMinute[] {
  return db
    .prepare<[number, number, string, number], OpenMinute>(
      `SELECT customer, meter, (SELECT unit FROM meter_units u WHERE u.meter = s.meter) AS unit, minute_ms,
              SUM(amount_thousandths) AS amount, COALESCE(SUM(worth_nano_usd), 0) AS worth,
              SUM(worth_nano_usd IS NULL) AS unpriced, COUNT(*) AS calls
         FROM outbox_shares s
        WHERE event_id IS NULL AND minute_ms <= ?
          AND (minute_ms <= ? OR NOT EXISTS (
                SELECT 1 FROM json_each(?) w WHERE w.value ->> 0 = s.customer AND w.value ->> 1 < s.minute_ms + ?))
        -- In the index's order, so that only as much is read as is sealed.
        GROUP BY minute_ms, customer, meter ORDER BY minute_ms, customer, meter LIMIT ${sealedAtOnceMax}`,
    )
    .all(nowMs - minuteLengthMs - settleMs, nowMs - sealAtLatestMs, JSON.stringify(onTheirWay), minuteLengthMs);
}

const belowUnitSentence =
  'It comes to less than one unit of its meter with what was carried to it, so nothing is sent; it counts with the minutes that follow.';

function sealMinute(db: Db, minute: OpenMinute, nowMs: number): void {
  const { customer, meter, unit, minute_ms: minuteMs, amount, unpriced, calls } = minute;
  const { carriedIn, insert, claim, carryOut } = sealingOf(db);
  const carriedInThousandths = carriedIn.get(customer, meter) ?? 0;
  const { value, carriedOutThousandths } = foldMinute(amount, carriedInThousandths);
  const revision = nextRevision(db, { customer, meter, minuteMs });
  const id = meterEventIdentifier({ ledgerId: ledgerIdOf(db), customer, meter, minuteMs, revision, value });
  insert.run({
    id,
    customer,
    meter,
    unit,
    minuteMs,
    revision,
    value,
    // Of money it is what Stripe bills; what is below a unit stands in the next event.
    worth: unit === 'micro_usd' ? value * 1_000 : minute.worth,
    unpriced,
    calls,
    carriedInThousandths,
    carriedOutThousandths,
    nowMs,
    ...(value === 0
      ? { state: 'withdrawn', nextAttemptAtMs: null, lastAnswer: belowUnitSentence }
      : { state: 'sealed', nextAttemptAtMs: nowMs, lastAnswer: null }),
  });
  claim.run(id, customer, meter, minuteMs);
  carryOut.run(customer, meter, carriedOutThousandths);
}

const sealingOf = preparedOnce((db) => ({
  carriedIn: db
    .prepare<[string, string], number>('SELECT thousandths FROM remainders WHERE customer = ? AND meter = ?')
    .pluck(),
  insert: db.prepare<unknown[]>(
    `INSERT INTO meter_events (id, identifier, customer, meter, unit, minute_ms, revision, value, worth_nano_usd, unpriced_calls, calls,
                               carried_in_thousandths, carried_out_thousandths, state, attempts, sealed_at_ms, next_attempt_at_ms, last_answer)
     VALUES (@id, @id, @customer, @meter, @unit, @minuteMs, @revision, @value, @worth, @unpriced, @calls, @carriedInThousandths, @carriedOutThousandths,
             @state, 0, @nowMs, @nextAttemptAtMs, @lastAnswer)`,
  ),
  claim: db.prepare<unknown[]>(
    'UPDATE outbox_shares SET event_id = ? WHERE event_id IS NULL AND customer = ? AND meter = ? AND minute_ms = ?',
  ),
  carryOut: db.prepare<unknown[]>(
    'INSERT INTO remainders (customer, meter, thousandths) VALUES (?, ?, ?) ON CONFLICT (customer, meter) DO UPDATE SET thousandths = excluded.thousandths',
  ),
}));

/** At start: what a crash left in `sending` may or may not have arrived. Its identifier makes the next attempt harmless within 24 hours. */
export function releaseSending(db: Db): number {
  releaseCancellations(db);
  return db
    .prepare(
      `UPDATE meter_events SET state = 'unknown', next_attempt_at_ms = COALESCE(next_attempt_at_ms, 0),
              last_answer = 'Tollkeeper was stopped while it sent this; it is sent again under the same identifier.' WHERE state = 'sending'`,
    )
    .run().changes;
}

/** Everything that waits is due now: the network is back, or a person asked. What is held for its summary stays held. */
export function wakeOutbox(db: Db, { nowMs }: { readonly nowMs: number }): number {
  return db
    .prepare(
      `UPDATE meter_events SET next_attempt_at_ms = ? WHERE state IN ('sealed', 'unknown', 'cancelling') AND next_attempt_at_ms > ?`,
    )
    .run(nowMs, nowMs).changes;
}
