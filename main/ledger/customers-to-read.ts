/**
 * Whose subscriptions are to be read: where something waits for it first, then each once a day. What is sent as its minute closes waits for none. The
 * writing side, since the sync agent asks it before it sends.
 */
import { freshForMs, knownForMs, youngMs } from '../../shared/invoice-standing.ts';
import { attemptWaitMaxMs, identifierLifeMs, stampInMinuteMs, windowMs } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { adjustsSentEvents } from './adjusts-sent-events.ts';
import { readFirstSentence } from './invoice-periods.ts';
import { differing, isUndecided } from './take-cancellations.ts';

const dayMs = 24 * 3_600_000;
/** Longer than Stripe's window: a customer without usage for that long has nothing that an invoice could miss. */
const activeMs = 40 * dayMs;

export type CustomersQuestion = { readonly nowMs: number; readonly limit: number };

/** Of `meter_events e`: the next attempt rests on a reading. What is held, or in a backoff, needs none yet. */
const isAbout = `(e.next_attempt_at_ms <= @nowMs OR e.next_attempt_at_ms > @farMs
  OR e.next_attempt_at_ms IS NOT NULL AND (e.state = 'cancelling' OR e.last_answer = @readFirstSentence))`;
/** Of `invoice_readings r`: too old, or of a clock ahead, for what is not young (shared/invoice-standing.ts). */
const isOld = '(r.read_at_ms <= @youngestMs OR r.read_at_ms > @nowMs)';

export function customersToRead(db: Db, { nowMs, limit }: CustomersQuestion): string[] {
  const waiting = db
    .prepare<unknown[], string>(
      `SELECT e.customer FROM meter_events e LEFT JOIN invoice_readings r ON r.customer = e.customer
        WHERE e.state IN ('sealed', 'sending', 'unknown', 'cancelling') AND (r.read_at_ms IS NULL OR r.read_at_ms <= @staleMs OR r.read_at_ms > @nowMs)
          AND (r.read_at_ms IS NULL OR r.read_at_ms <= @yesterdayMs OR e.minute_ms < @youngestMs AND ${isOld} AND ${isAbout}
               OR EXISTS (SELECT 1 FROM invoice_periods p WHERE p.customer = e.customer AND p.meter = e.meter
                AND p.start_ms <= e.minute_ms + ${stampInMinuteMs} AND p.end_ms > e.minute_ms + ${stampInMinuteMs} AND p.end_ms <= @nowMs AND p.state <> 'final'))
       UNION
       SELECT e.customer FROM ${differing} LEFT JOIN invoice_readings r ON r.customer = e.customer
        WHERE @adjusts = 1 AND ${isUndecided} AND e.first_sent_at_ms >= @lateMs AND e.minute_ms < @youngestMs AND (r.read_at_ms IS NULL OR ${isOld})
        LIMIT @limit`,
    )
    .pluck()
    .all({
      nowMs,
      limit,
      readFirstSentence,
      adjusts: Number(adjustsSentEvents(db)),
      staleMs: nowMs - freshForMs,
      youngestMs: nowMs - youngMs,
      yesterdayMs: nowMs - knownForMs,
      farMs: nowMs + attemptWaitMaxMs,
      earliestMs: nowMs - windowMs,
      lateMs: nowMs - identifierLifeMs,
    });
  if (waiting.length > 0) return waiting;
  return db
    .prepare<unknown[], string>(
      `SELECT DISTINCT m.customer FROM remainders m LEFT JOIN invoice_readings r ON r.customer = m.customer
        WHERE (r.read_at_ms IS NULL OR r.read_at_ms <= @yesterdayMs OR r.read_at_ms > @nowMs)
          AND EXISTS (SELECT 1 FROM meter_events e WHERE e.customer = m.customer AND e.meter = m.meter AND e.minute_ms >= @activeMs)
        ORDER BY r.read_at_ms, m.customer LIMIT @limit`,
    )
    .pluck()
    .all({ nowMs, limit, yesterdayMs: nowMs - knownForMs, activeMs: nowMs - activeMs });
}
