/**
 * What a person decides about a meter event: send it again, set it aside, or say that it is billed by an invoice item. Each is one transaction and
 * answers whether there was anything to do. None of them can make Stripe count an event twice: what may have arrived is weighed first.
 */
import { isIdentifierKept, windowMs } from '../../shared/meter-event.ts';
import { rejectionOf } from '../../shared/stripe-rejections.ts';
import type { Db } from '../system/db.ts';
import { reissue } from './reissue.ts';

export type Choice = { readonly id: string; readonly nowMs: number };

type Chosen = {
  readonly state: string;
  readonly minuteMs: number;
  readonly firstSentAtMs: number | null;
  readonly acceptedAtMs: number | null;
  readonly rejectionCode: string | null;
};

function readChosen(db: Db, id: string): Chosen | undefined {
  return db
    .prepare<[string], Chosen>(
      `SELECT state, minute_ms AS minuteMs, first_sent_at_ms AS firstSentAtMs, accepted_at_ms AS acceptedAtMs, rejection_code AS rejectionCode
         FROM meter_events WHERE id = ? AND carry_forward IS NULL`,
    )
    .get(id);
}

/** False when there is none of this id that waits, was rejected or was set aside. */
export function retryEvent(db: Db, { id, nowMs }: Choice): boolean {
  return db.transaction(() => {
    const event = readChosen(db, id);
    switch (event?.state) {
      case 'sealed':
        return putInLine(db, { id, nowMs, state: 'sealed' });
      case 'unknown':
        return retryUnknown(db, event, { id, nowMs });
      case 'cancelling':
        return readAgainNow(db, id);
      case 'rejected':
      case 'set_aside':
        return retryStopped(db, event, { id, nowMs });
      default:
        return false;
    }
  })();
}

function retryUnknown(db: Db, { firstSentAtMs }: Chosen, { id, nowMs }: Choice): boolean {
  const isHarmless = firstSentAtMs !== null && isIdentifierKept(firstSentAtMs, nowMs) && !mayBeCancelled(db, id);
  if (isHarmless) return putInLine(db, { id, nowMs, state: 'unknown' });
  return readAgainNow(db, id);
}

/** Stripe took it and does not count it: its identifier is spent. It may have arrived: weighed first. It surely never did: the same one again. */
function retryStopped(db: Db, { acceptedAtMs, rejectionCode, firstSentAtMs }: Chosen, { id, nowMs }: Choice): boolean {
  if (acceptedAtMs !== null) {
    const reason = `Stripe did not count it: ${rejectionOf(rejectionCode ?? 'other').cause} It is sent again under a new identifier.`;
    reissue(db, { id, nowMs, reason });
    return true;
  }
  if (firstSentAtMs === null) return putInLine(db, { id, nowMs, state: 'sealed' });
  // A resend of one that may be cancelled would be answered as delivered.
  const isHarmless = isIdentifierKept(firstSentAtMs, nowMs) && !mayBeCancelled(db, id);
  putInLine(db, { id, nowMs, state: 'unknown', nextAttemptAtMs: isHarmless ? nowMs : null });
  return isHarmless || readAgainNow(db, id);
}

function mayBeCancelled(db: Db, id: string): boolean {
  const asked = db.prepare<[string], number>(
    `SELECT 1 FROM cancellations c JOIN meter_events e USING (identifier) WHERE e.id = ? AND c.last_asked_at_ms IS NOT NULL`,
  );
  return asked.pluck().get(id) !== undefined;
}

type InLine = Choice & { readonly state: 'sealed' | 'unknown'; readonly nextAttemptAtMs?: number | null };

function putInLine(db: Db, { id, state, nowMs, nextAttemptAtMs = nowMs }: InLine): boolean {
  const changes = db
    .prepare(
      `UPDATE meter_events SET state = @state, next_attempt_at_ms = @nextAttemptAtMs, rejection_code = NULL, set_aside_reason = NULL,
              set_aside_at_ms = NULL WHERE id = @id`,
    )
    .run({ id, state, nextAttemptAtMs }).changes;
  return changes > 0;
}

/** What is held waits for its minute's summary; a person may have it read at once. */
function readAgainNow(db: Db, id: string): boolean {
  db.prepare(
    `UPDATE minute_readings SET next_read_at_ms = 0
       FROM (SELECT customer, meter, minute_ms FROM meter_events WHERE id = ?) e
      WHERE minute_readings.customer = e.customer AND minute_readings.meter = e.meter AND minute_readings.minute_ms = e.minute_ms`,
  ).run(id);
  return true;
}

/**
 * Sets aside what surely is not counted, or what Stripe's figure could not explain. False for anything else: what waits is sent by itself, what is
 * delivered is Stripe's, and what may have arrived is weighed first.
 */
export function setAsideEvent(db: Db, { id, nowMs }: Choice): boolean {
  const changes = db
    .prepare(
      `UPDATE meter_events SET state = 'set_aside', set_aside_reason = CASE WHEN minute_ms < @earliestMs THEN 'too_old' ELSE 'person' END,
              set_aside_at_ms = @nowMs, next_attempt_at_ms = NULL,
              -- What Stripe said of it stays; of what only waited there is nothing to say but this.
              last_answer = CASE WHEN state = 'sealed' THEN @byHandSentence ELSE last_answer END,
              -- Stripe may count it after all: the proposal says so.
              accepted_at_ms = CASE WHEN state = 'cancelling' THEN NULL ELSE accepted_at_ms END
        WHERE id = @id AND (state IN ('sealed', 'rejected')
           OR state IN ('unknown', 'cancelling') AND next_attempt_at_ms IS NULL AND EXISTS (
                SELECT 1 FROM minute_readings r
                 WHERE r.customer = meter_events.customer AND r.meter = meter_events.meter AND r.minute_ms = meter_events.minute_ms
                   AND r.is_unexplained = 1))`,
    )
    .run({ id, nowMs, byHandSentence, earliestMs: nowMs - windowMs }).changes;
  return changes > 0;
}

const byHandSentence = 'It was set aside by hand before it was sent: an invoice item bills it, or send it again.';
