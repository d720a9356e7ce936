/**
 * Delivered events whose calls were corrected: which are cancelled at Stripe, and which are due to be asked for. The writing side; all of it is one transaction.
 *
 * An event is `cancelling` durably before the request leaves, so that a crash in between is known to have possibly cancelled it. The moves stand in
 * shared/meter-event-states.ts, the decision whether in shared/adjusting.ts, what became of it in cancellations.ts.
 */
import { lateSentence, whyNotAdjusted } from '../../shared/adjusting.ts';
import { attemptWaitMaxMs, identifierLifeMs, windowMs } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { adjustsSentEvents } from './adjusts-sent-events.ts';
import { refuseCancellation } from './cancellations.ts';
import { foldBelowUnit } from './fold-differences.ts';
import { invoiceFinalAtMs, standingOf } from './invoice-periods.ts';

export type DueCancellation = {
  readonly id: string;
  readonly identifier: string;
  readonly customer: string;
  readonly meter: string;
  /** This one included. */
  readonly attempts: number;
  readonly keyNumber: number;
  readonly mayHaveArrived: boolean;
  readonly firstSentAtMs: number;
};

/** Longer than a request can take: one that was taken and never written down is due again after it. */
const leaseMs = 60_000;

export type CancellationsQuestion = { readonly nowMs: number; readonly limit: number };

/** Starts what the corrections since ask for, and takes what is due, the oldest minutes first. */
export function takeCancellations(db: Db, question: CancellationsQuestion): DueCancellation[] {
  return db.transaction(() => {
    if (adjustsSentEvents(db) && isAnyUndecided(db, question.nowMs)) {
      leaveLate(db, question.nowMs);
      startCancellations(db, question.nowMs);
    }
    giveUpLate(db, question.nowMs);
    return takeDue(db, question);
  })();
}

type Candidate = {
  readonly id: string;
  readonly identifier: string;
  readonly customer: string;
  readonly meter: string;
  readonly minuteMs: number;
  readonly value: number;
  readonly firstSentAtMs: number;
};

/** In this order: left to itself SQLite looks through every event that was ever delivered for the few that differ. */
export const differing = 'billing_differences d CROSS JOIN meter_events e ON e.id = d.event_id';

/** Of `billing_differences d` and `meter_events e`: nobody has decided yet. */
export const isUndecided = `d.minute_ms >= @earliestMs AND e.state IN ('accepted', 'confirmed') AND e.first_sent_at_ms IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM cancellations c WHERE c.identifier = e.identifier)`;

/** Mostly none is: one look at the differences then, not two. */
function isAnyUndecided(db: Db, nowMs: number): boolean {
  const first = db.prepare(`SELECT 1 FROM ${differing} WHERE ${isUndecided} LIMIT 1`);
  return first.get({ earliestMs: nowMs - windowMs }) !== undefined;
}

/** A month that is priced again has thousands of them: said in one statement, so that those that are in time do not wait behind them. */
function leaveLate(db: Db, nowMs: number): void {
  db.prepare(
    `INSERT OR IGNORE INTO cancellations (identifier, event_id, customer, meter, minute_ms, value, state, attempts, key_number, may_have_arrived,
                                          asked_at_ms, last_answer)
     SELECT DISTINCT e.identifier, e.id, e.customer, e.meter, e.minute_ms, e.value, 'refused', 0, 1, 0, @nowMs, @lateSentence
       FROM ${differing}
      WHERE ${isUndecided} AND e.first_sent_at_ms < @lateMs`,
  ).run({ nowMs, lateSentence, earliestMs: nowMs - windowMs, lateMs: nowMs - identifierLifeMs });
}

const startedAtOnce = 200;

function startCancellations(db: Db, nowMs: number): void {
  const candidates = db
    .prepare<unknown[], Candidate>(
      `SELECT DISTINCT e.id, e.identifier, e.customer, e.meter, e.minute_ms AS minuteMs, e.value, e.first_sent_at_ms AS firstSentAtMs
         FROM ${differing}
        WHERE ${isUndecided} ORDER BY e.first_sent_at_ms, e.id LIMIT @startedAtOnce`,
    )
    .all({ earliestMs: nowMs - windowMs, startedAtOnce });
  for (const candidate of candidates) startOne(db, candidate, nowMs);
}

function startOne(db: Db, event: Candidate, nowMs: number): void {
  if (foldBelowUnit(db, event.id, event.value)) return;
  if (!knowsInvoice(db, event, nowMs)) return;
  const why = whyNotAdjusted({ ...event, nowMs, invoiceFinalAtMs: invoiceFinalAtMs(db, event) });
  db.prepare(
    `INSERT INTO cancellations (identifier, event_id, customer, meter, minute_ms, value, state, attempts, key_number, may_have_arrived, asked_at_ms,
                                last_answer)
     VALUES (@identifier, @id, @customer, @meter, @minuteMs, @value, @state, 0, 1, 0, @nowMs, @lastAnswer)`,
  ).run({ ...event, nowMs, state: why === null ? 'asked' : 'refused', lastAnswer: why ?? askedSentence });
  if (why !== null) return;
  db.prepare(
    `UPDATE meter_events SET state = 'cancelling', next_attempt_at_ms = ?, confirmed_at_ms = NULL, last_answer = ? WHERE id = ?`,
  ).run(nowMs, askedSentence, event.id);
}

/** Whether it is known how the invoice of its minute stands. If not, that is read within the hour, once this machine is online. */
function knowsInvoice(db: Db, event: Candidate, nowMs: number): boolean {
  return standingOf(db, event, nowMs).kind !== 'read_first';
}

const askedSentence = 'Calls of it were corrected within a day; it is cancelled at Stripe and sent anew.';

type Asked = Candidate & { readonly mayHaveArrived: number };

/**
 * What was not asked for in time, by a machine that slept or a network that was down: the 24 hours are over, or the invoice closes. Nothing has happened, or
 * the summary tells whether it did. Where the invoice may have become final unseen it waits for a reading: one cancelled after that would stay on the
 * invoice, and what replaced it would be billed besides (soak seed 40006).
 */
function giveUpLate(db: Db, nowMs: number): void {
  const asked = db
    .prepare<[], Asked>(
      `SELECT e.id, e.identifier, e.customer, e.meter, e.minute_ms AS minuteMs, e.value, e.first_sent_at_ms AS firstSentAtMs,
              c.may_have_arrived AS mayHaveArrived
         FROM meter_events e JOIN cancellations c USING (identifier) WHERE e.state = 'cancelling' AND e.next_attempt_at_ms IS NOT NULL`,
    )
    .all();
  for (const { mayHaveArrived, ...event } of asked) {
    const why = whyNotAdjusted({ ...event, nowMs, invoiceFinalAtMs: invoiceFinalAtMs(db, event) });
    if (why === null) {
      if (!knowsInvoice(db, event, nowMs)) waitForReading(db, event.id, nowMs);
      continue;
    }
    if (mayHaveArrived === 1) hold(db, event.identifier, heldSentence);
    else refuseCancellation(db, { identifier: event.identifier, sentence: why });
  }
}

function waitForReading(db: Db, id: string, nowMs: number): void {
  db.prepare(
    `UPDATE meter_events SET next_attempt_at_ms = MAX(next_attempt_at_ms, ?) WHERE id = ? AND state = 'cancelling'`,
  ).run(nowMs + leaseMs, id);
}

const heldSentence =
  'Stripe was asked to cancel it, and whether it did is not known; it is held until the summary of its minute has been read.';

function hold(db: Db, identifier: string, sentence: string): void {
  db.prepare(
    `UPDATE meter_events SET next_attempt_at_ms = NULL, last_answer = ? WHERE identifier = ? AND state = 'cancelling'`,
  ).run(sentence, identifier);
}

function takeDue(db: Db, { nowMs, limit }: CancellationsQuestion): DueCancellation[] {
  const due = db
    .prepare<unknown[], Omit<DueCancellation, 'mayHaveArrived'> & { readonly mayHaveArrived: number }>(
      `SELECT e.id, e.identifier, e.customer, e.meter, c.attempts + 1 AS attempts, c.key_number AS keyNumber,
              c.may_have_arrived AS mayHaveArrived, e.first_sent_at_ms AS firstSentAtMs
         FROM meter_events e JOIN cancellations c USING (identifier)
        WHERE e.state = 'cancelling' AND (e.next_attempt_at_ms <= @nowMs OR e.next_attempt_at_ms > @nowMs + @attemptWaitMaxMs)
        ORDER BY e.minute_ms, e.id LIMIT @limit`,
    )
    .all({ nowMs, limit, attemptWaitMaxMs });
  // From now on it may have been cancelled, until an answer says otherwise.
  const take = db.prepare(
    `UPDATE cancellations SET attempts = attempts + 1, last_asked_at_ms = ?, may_have_arrived = 1 WHERE identifier = ?`,
  );
  const lease = db.prepare('UPDATE meter_events SET next_attempt_at_ms = ? WHERE identifier = ?');
  for (const { identifier } of due) {
    take.run(nowMs, identifier);
    lease.run(nowMs + leaseMs, identifier);
  }
  return due.map((event) => ({ ...event, mayHaveArrived: event.mayHaveArrived === 1 }));
}
