/**
 * What of the outbox is due, taken to be sent. The writing side; one transaction. Taken events are `sending` durably before they are sent, so that a
 * crash in between is known to have possibly sent them. Stripe allows one request at a time for a (customer, meter): a pair with an event on its way
 * gives none. The pairs take turns, each with its oldest first, so that what this costs depends on how much is taken, not on how much waits.
 * What lies in a period whose invoice is final, or is not known yet, is not taken (invoice-periods.ts).
 */
import {
  attemptWaitMaxMs,
  clockToleranceMs,
  heldSentence,
  identifierLifeMs,
  tooOldSentence,
  windowMs,
} from '../../shared/meter-event.ts';
import { preparedOnce, type Db } from '../system/db.ts';
import { sendable, waitWhereUnread, type SendQuestion } from './invoice-periods.ts';

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

type Pair = { readonly customer: string; readonly meter: string };

export type DueQuestion = SendQuestion & {
  readonly limit: number;
  /** Events of one pair, for a road that takes several in one request; one when left out. */
  readonly perPair?: number;
  /** Whose turn was last; the next pair begins. */
  readonly after?: Pair | null;
};

/** What the partial index of waiting events says, word for word: SQLite takes it only for a question that repeats the condition. */
const isWaiting = `state IN ('sealed', 'sending', 'unknown')`;
/** Left to itself SQLite would sort everything that waits. */
const waitingByPair = 'meter_events INDEXED BY meter_events_waiting_by_pair';

/** A backlog of a closed period is set aside a few at a time; so often it is looked before the rest waits for the next wake. */
const looksMax = 500;

export function takeDueEvents(
  db: Db,
  { nowMs, limit, perPair = 1, after = null, readsInvoices }: DueQuestion,
): DueEvent[] {
  if (limit <= 0) return [];
  return db.transaction(() => {
    const { mark } = statementsOf(db);
    holdExpired(db, nowMs);
    setAsideTooOld(db, nowMs);
    const due: DueEvent[] = [];
    let looksLeft = looksMax;
    for (const pair of pairsInTurn(db, after)) {
      if (readsInvoices) waitWhereUnread(db, pair, nowMs);
      for (; looksLeft > 0; looksLeft--) {
        const found = dueOf(db, pair, nowMs, Math.min(perPair, limit - due.length));
        const open = sendable(db, found, { nowMs, readsInvoices });
        due.push(...open);
        if (open.length > 0 || found.length === 0) break;
      }
      if (due.length >= limit || looksLeft === 0) break;
    }
    for (const { id } of due) mark.run({ nowMs, id });
    return due;
  })();
}

type DueRow = Omit<DueEvent, 'wasUnknown' | 'firstSentAtMs' | 'attempts'> & {
  readonly attemptsBefore: number;
  readonly isUnknown: number;
  readonly firstSentAtMs: number | null;
};

const statementsOf = preparedOnce((db) => ({
  nextPair: db.prepare<[string, string], Pair>(
    `SELECT customer, meter FROM ${waitingByPair} WHERE ${isWaiting} AND (customer, meter) > (?, ?) ORDER BY customer, meter LIMIT 1`,
  ),
  busy: db.prepare<[], Pair>(`SELECT customer, meter FROM meter_events WHERE state = 'sending'`),
  due: db.prepare<unknown[], DueRow>(
    `SELECT id, identifier, customer, meter, minute_ms AS minuteMs, value, attempts AS attemptsBefore, state = 'unknown' AS isUnknown,
            first_sent_at_ms AS firstSentAtMs
       FROM ${waitingByPair}
      WHERE ${isWaiting} AND customer = @customer AND meter = @meter AND state <> 'sending'
        AND (next_attempt_at_ms <= @nowMs OR next_attempt_at_ms > @farMs)
      ORDER BY minute_ms, revision LIMIT @limit`,
  ),
  mark: db.prepare(
    `UPDATE meter_events SET state = 'sending', attempts = attempts + 1, first_sent_at_ms = COALESCE(first_sent_at_ms, @nowMs),
            last_sent_at_ms = @nowMs WHERE id = @id`,
  ),
  hold: db.prepare(
    `UPDATE meter_events SET next_attempt_at_ms = NULL, last_answer = @heldSentence, last_sent_at_ms = MIN(last_sent_at_ms, @nowMs)
      WHERE state = 'unknown' AND next_attempt_at_ms IS NOT NULL AND (first_sent_at_ms < @expiredMs OR first_sent_at_ms > @aheadMs)`,
  ),
  setAside: db.prepare(
    `UPDATE meter_events SET state = 'set_aside', set_aside_reason = 'too_old', set_aside_at_ms = @nowMs, next_attempt_at_ms = NULL,
            last_answer = @tooOldSentence
      WHERE state = 'sealed' AND minute_ms < @earliestMs`,
  ),
  putBack: db.prepare(
    `UPDATE meter_events SET state = 'sealed', set_aside_reason = NULL, set_aside_at_ms = NULL, next_attempt_at_ms = @nowMs
      WHERE state = 'set_aside' AND set_aside_reason = 'too_old' AND set_aside_at_ms > @nowMs AND minute_ms >= @earliestMs
        AND carry_forward IS NULL`,
  ),
}));

/** Every pair with something that waits and nothing on its way, from the one behind `after` round to it. */
function* pairsInTurn(db: Db, after: Pair | null): Generator<Pair> {
  const { nextPair, busy } = statementsOf(db);
  const underWay = new Set(busy.all().map(nameOf));
  const start = after ?? { customer: '', meter: '' };
  const isBehind = ({ customer, meter }: Pair) =>
    customer > start.customer || (customer === start.customer && meter > start.meter);
  const next = (pair: Pair) => nextPair.get(pair.customer, pair.meter);
  for (let pair = next(start); pair; pair = next(pair)) if (!underWay.has(nameOf(pair))) yield pair;
  for (let pair = next({ customer: '', meter: '' }); pair && !isBehind(pair); pair = next(pair))
    if (!underWay.has(nameOf(pair))) yield pair;
}

function nameOf({ customer, meter }: Pair): string {
  return `${customer}\n${meter}`;
}

function dueOf(db: Db, { customer, meter }: Pair, nowMs: number, limit: number): DueEvent[] {
  const rows = statementsOf(db).due.all({ customer, meter, nowMs, farMs: nowMs + attemptWaitMaxMs, limit });
  // One that may have arrived goes alone: only a request of its own is answered for it.
  const unknownAt = rows.findIndex(({ isUnknown }) => isUnknown === 1);
  const together = unknownAt === -1 ? rows : rows.slice(0, Math.max(1, unknownAt));
  return together.map(({ attemptsBefore, isUnknown, firstSentAtMs, ...event }) => ({
    ...event,
    attempts: attemptsBefore + 1,
    wasUnknown: isUnknown === 1,
    firstSentAtMs: firstSentAtMs ?? nowMs,
  }));
}

/** A machine that slept, or was off, for a day wakes with attempts that are due and no longer harmless; so does one whose clock was put back. */
function holdExpired(db: Db, nowMs: number): void {
  const expiredMs = nowMs - identifierLifeMs;
  statementsOf(db).hold.run({ heldSentence, nowMs, expiredMs, aheadMs: nowMs + clockToleranceMs });
}

/** What surely never arrived and is past Stripe's window; and what was set aside by a clock that was ahead of the present one, back in line. */
function setAsideTooOld(db: Db, nowMs: number): void {
  const earliestMs = nowMs - windowMs;
  statementsOf(db).setAside.run({ nowMs, tooOldSentence, earliestMs });
  statementsOf(db).putBack.run({ nowMs, earliestMs });
}
