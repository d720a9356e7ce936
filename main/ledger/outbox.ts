/**
 * The outbox: shares of calls folded into meter events, and what became of each. The writing side; every function is one transaction.
 *
 * A share is open until its minute is sealed. A minute (the one in which a call started) is sealed when it ended at least `settleMs` ago and
 * no call that began in it or before is still on its way to the same customer, or when it has waited `sealAtLatestMs`. A share that comes
 * later becomes a further event of its minute, with the next revision. Nothing is re-dated (invariant 8).
 * The states and their moves: shared/meter-event-states.ts. What a person chooses is in outbox-choices.ts, what Stripe's summaries and reports say
 * in minute-readings.ts, error-reports.ts and confirmations.ts.
 */
import {
  foldMinute,
  heldSentence,
  identifierLifeMs,
  meterEventIdentifier,
  tooOldSentence,
  windowMs,
} from '../../shared/meter-event.ts';
import type { MeterUnit } from '../../shared/plan-meters.ts';
import { preparedOnce, type Db } from '../system/db.ts';
import { foldDifferences } from './shares.ts';

/** Settles are written within milliseconds of a call's end; this leaves room for a slow disk. */
const settleMs = 5_000;
/** A stream of a quarter of an hour is past every client's timeout; its share then goes as a revision. */
const sealAtLatestMs = 15 * 60_000;
const minuteLengthMs = 60_000;
/** A call waits while this is one transaction on the ledger's thread; whoever seals asks again for the rest. */
const sealedAtOnceMax = 500;

/**
 * What the partial index `meter_events_waiting` says, word for word: SQLite uses it only for a query that repeats its condition. Without it
 * every wake reads every event ever delivered.
 */
const isWaiting = `state IN ('sealed', 'sending', 'unknown')`;

/** No wait is as long: an attempt further ahead was set by a clock that has been put back since, and is due. */
const waitMaxMs = 6 * 3_600_000;

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

/** Returns how many events were sealed. Minutes that stay below one unit with what was carried are left open and counted later. */
export function sealClosedMinutes(db: Db, question: SealQuestion): number {
  const { nowMs } = question;
  return db.transaction(() => {
    const minutes = closedMinutes(db, question);
    return minutes.filter((minute) => sealMinute(db, minute, nowMs)).length;
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

function sealMinute(db: Db, minute: OpenMinute, nowMs: number): boolean {
  const { customer, meter, unit, minute_ms: minuteMs, amount, unpriced, calls } = minute;
  const carriedIn = db
    .prepare<[string, string], number>('SELECT thousandths FROM remainders WHERE customer = ? AND meter = ?')
    .pluck();
  const carriedInThousandths = carriedIn.get(customer, meter) ?? 0;
  const { value, carriedOutThousandths } = foldMinute(amount, carriedInThousandths);
  if (value === 0) return false;
  const revision = nextRevision(db, { customer, meter, minuteMs });
  const id = meterEventIdentifier({ customer, meter, minuteMs, revision, value });
  db.prepare(
    `INSERT INTO meter_events (id, identifier, customer, meter, unit, minute_ms, revision, value, worth_nano_usd, unpriced_calls, calls,
                               carried_in_thousandths, carried_out_thousandths, state, attempts, sealed_at_ms, next_attempt_at_ms)
     VALUES (@id, @id, @customer, @meter, @unit, @minuteMs, @revision, @value, @worth, @unpriced, @calls, @carriedInThousandths, @carriedOutThousandths,
             'sealed', 0, @nowMs, @nowMs)`,
  ).run({
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
  });
  db.prepare(
    'UPDATE outbox_shares SET event_id = ? WHERE event_id IS NULL AND customer = ? AND meter = ? AND minute_ms = ?',
  ).run(id, customer, meter, minuteMs);
  db.prepare(
    'INSERT INTO remainders (customer, meter, thousandths) VALUES (?, ?, ?) ON CONFLICT (customer, meter) DO UPDATE SET thousandths = excluded.thousandths',
  ).run(customer, meter, carriedOutThousandths);
  return true;
}

export type MinuteOfMeter = { readonly customer: string; readonly meter: string; readonly minuteMs: number };

/** The highest one, not how many there are: an event may have been opened again and be gone. A spent identifier's is never used again. */
export function nextRevision(db: Db, { customer, meter, minuteMs }: MinuteOfMeter): number {
  const highest = highestRevisionsOf(db).map((read) => read.get(customer, meter, minuteMs) ?? 0);
  return Math.max(...highest) + 1;
}

const highestRevisionsOf = preparedOnce((db) =>
  ['meter_events', 'spent_identifiers'].map((table) =>
    db
      .prepare<[string, string, number], number>(
        `SELECT COALESCE(MAX(revision), 0) FROM ${table} WHERE customer = ? AND meter = ? AND minute_ms = ?`,
      )
      .pluck(),
  ),
);

export type DueEvent = {
  readonly id: string;
  readonly identifier: string;
  readonly customer: string;
  readonly meter: string;
  readonly minuteMs: number;
  readonly value: number;
  /** Under this identifier, this attempt included. */
  readonly attempts: number;
  /** An earlier attempt may have arrived. */
  readonly wasUnknown: boolean;
  /** Null before the first attempt; the 24 hours of Stripe's identifiers count from it. */
  readonly firstSentAtMs: number | null;
};

/**
 * Takes what is due, the oldest of each (customer, meter), since Stripe allows one call at a time for a pair. Taken events are `sending`
 * durably before they are sent, so that a crash in between is known to have possibly sent them.
 */
export function takeDueEvents(
  db: Db,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
): DueEvent[] {
  return db.transaction(() => {
    holdExpired(db, nowMs);
    setAsideTooOld(db, nowMs);
    const due = db
      .prepare<[number, number, number], Omit<DueEvent, 'wasUnknown'> & { readonly wasUnknown: number }>(
        `SELECT id, identifier, customer, meter, state = 'unknown' AS wasUnknown, MIN(minute_ms * 1000 + revision) / 1000 AS minuteMs, value, attempts, first_sent_at_ms AS firstSentAtMs
           FROM meter_events
          WHERE ${isWaiting} AND state <> 'sending' AND (next_attempt_at_ms <= ? OR next_attempt_at_ms > ?)
            AND (customer, meter) NOT IN (SELECT customer, meter FROM meter_events WHERE ${isWaiting} AND state = 'sending')
          GROUP BY customer, meter ORDER BY minuteMs LIMIT ?`,
      )
      .all(nowMs, nowMs + waitMaxMs, limit);
    const take = db.prepare(
      `UPDATE meter_events SET state = 'sending', attempts = attempts + 1, first_sent_at_ms = COALESCE(first_sent_at_ms, @nowMs),
              last_sent_at_ms = @nowMs WHERE id = @id`,
    );
    for (const { id } of due) take.run({ nowMs, id });
    return due.map((event) => ({
      ...event,
      attempts: event.attempts + 1,
      wasUnknown: event.wasUnknown === 1,
      firstSentAtMs: event.firstSentAtMs ?? nowMs,
    }));
  })();
}

/** A machine that slept, or was off, for a day wakes with attempts that are due and no longer harmless. */
function holdExpired(db: Db, nowMs: number): void {
  db.prepare(
    `UPDATE meter_events SET next_attempt_at_ms = NULL, last_answer = ?
      WHERE ${isWaiting} AND state = 'unknown' AND next_attempt_at_ms IS NOT NULL AND first_sent_at_ms < ?`,
  ).run(heldSentence, nowMs - identifierLifeMs);
}

/** What surely never arrived and is past Stripe's window; and what was set aside by a clock that was ahead of the present one, back in line. */
function setAsideTooOld(db: Db, nowMs: number): void {
  db.prepare(
    `UPDATE meter_events SET state = 'set_aside', set_aside_reason = 'too_old', set_aside_at_ms = @nowMs, next_attempt_at_ms = NULL,
            last_answer = @tooOldSentence
      WHERE ${isWaiting} AND state = 'sealed' AND minute_ms < @earliestMs`,
  ).run({ nowMs, tooOldSentence, earliestMs: nowMs - windowMs });
  db.prepare(
    `UPDATE meter_events SET state = 'sealed', set_aside_reason = NULL, set_aside_at_ms = NULL, next_attempt_at_ms = @nowMs
      WHERE state = 'set_aside' AND set_aside_reason = 'too_old' AND set_aside_at_ms > @nowMs AND minute_ms >= @earliestMs`,
  ).run({ nowMs, earliestMs: nowMs - windowMs });
}

/** What became of one attempt. `sealed` means that it surely did not arrive, so its 24 hours have not begun. */
export type EventAnswer = {
  readonly id: string;
  readonly nowMs: number;
  readonly state: 'accepted' | 'rejected' | 'sealed' | 'unknown' | 'set_aside';
  /** Null when nothing more is tried by itself. */
  readonly nextAttemptAtMs: number | null;
  readonly sentence: string;
  /** True when an earlier attempt may have arrived: the clock of its identifier goes on. */
  readonly mayHaveArrived: boolean;
  /** Of what is rejected: why (shared/stripe-rejections.ts). */
  readonly rejectionCode: string | null;
};

export function recordAnswer(db: Db, answer: EventAnswer): void {
  db.transaction(() => {
    writeAnswer(db, answer);
    if (!answer.mayHaveArrived) foldDifferences(db, answer.id);
  })();
}

function writeAnswer(db: Db, { mayHaveArrived, ...answer }: EventAnswer): void {
  db.prepare(
    `UPDATE meter_events
        SET state = @state, next_attempt_at_ms = @nextAttemptAtMs, last_answer = @sentence, rejection_code = @rejectionCode,
            accepted_at_ms = CASE WHEN @state = 'accepted' THEN @nowMs END,
            set_aside_at_ms = CASE WHEN @state = 'set_aside' THEN @nowMs END,
            set_aside_reason = CASE WHEN @state = 'set_aside' THEN 'too_old' END,
            first_sent_at_ms = CASE WHEN @isSent THEN first_sent_at_ms END,
            last_sent_at_ms = CASE WHEN @isSent THEN last_sent_at_ms END
      WHERE id = @id AND state = 'sending'`,
  ).run({ ...answer, isSent: Number(mayHaveArrived || answer.state === 'accepted') });
}

/** At start: what a crash left in `sending` may or may not have arrived. Its identifier makes the next attempt harmless within 24 hours. */
export function releaseSending(db: Db): number {
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
      `UPDATE meter_events SET next_attempt_at_ms = ? WHERE state IN ('sealed', 'unknown') AND next_attempt_at_ms > ?`,
    )
    .run(nowMs, nowMs).changes;
}
