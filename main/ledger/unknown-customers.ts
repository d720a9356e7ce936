/**
 * Calls whose customer Stripe does not know: a mistyped one, one that a call named itself, one that was deleted. Their events came back and would come back
 * again under that customer, so they can be released to another (release.ts). Only calls of which Stripe surely counts nothing: on every meter their event was
 * taken and then rejected, or never taken at all, and no item bills it. Of others nobody knows yet, so they stay. Whoever releases has asked Stripe whether it
 * knows the customer. Reading side only.
 */
import type { UnmappedGroup } from '../../shared/contract/stripe-customers.ts';
import type { Db } from '../system/db.ts';

/** Why the identifier of an event is spent whose calls were released; of what is left of that customer it tells that Stripe does not know it. */
export const releasedReason = 'Stripe does not know its customer; its calls were released to another.';

/** Of `meter_events e`: waits for a person. */
const isStopped = `e.state IN ('rejected', 'set_aside') AND e.carry_forward IS NULL`;

/** Of `meter_events e`: Stripe surely counts nothing of it. Accepted and rejected is what a report names, or the summary of its minute goes on lacking. */
const isUncounted = `(e.carry_forward IS NULL AND (e.first_sent_at_ms IS NULL
  OR e.state IN ('rejected', 'set_aside') AND e.accepted_at_ms IS NOT NULL AND e.rejection_code IS NOT NULL))`;

const isCurrent = 'NOT EXISTS (SELECT 1 FROM calls n WHERE n.corrects_seq = calls.seq)';

/** Of `calls`, with @unknown and a range of minutes. A share that was sent stands with the row that it was sent for (shares.ts). */
const isOfStopped = `customer = @unknown AND ${isCurrent}
  AND id IN (SELECT told.id FROM meter_events e JOIN outbox_shares s ON s.event_id = e.id JOIN calls told ON told.seq = s.call_seq
              WHERE e.customer = @unknown AND ${isStopped} AND e.minute_ms >= @fromMinuteMs AND e.minute_ms < @untilMinuteMs)`;

const mayBeCounted = `EXISTS (
  SELECT 1 FROM calls told JOIN outbox_shares s ON s.call_seq = told.seq JOIN meter_events e ON e.id = s.event_id
   WHERE told.id = calls.id AND s.customer = @unknown AND NOT ${isUncounted})`;

export const allMinutes = { fromMinuteMs: 0, untilMinuteMs: Number.MAX_SAFE_INTEGER };

/** What can be released, with @unknown and a range of minutes. */
export const isOfUnknownCustomer = `${isOfStopped} AND NOT ${mayBeCounted}`;

/** What is left, since Stripe may count it. */
export function readUncertain(db: Db, unknown: string): UnmappedGroup['uncertain'] {
  const sum = db
    .prepare<object, UnmappedGroup['uncertain']>(
      `SELECT COUNT(*) AS calls, COALESCE(SUM(cost_nano_usd), 0) AS costNanoUsd FROM calls WHERE ${isOfStopped} AND ${mayBeCounted}`,
    )
    .get({ unknown, ...allMinutes });
  if (!sum) throw new Error('an aggregate without groups always has one row');
  return sum;
}

/** Those of whom something stopped, since Stripe said so of it or of what was released already. */
export function readUnknown(db: Db, limit: number): string[] {
  return db
    .prepare<[string, number], string>(
      `SELECT DISTINCT customer FROM meter_events e WHERE ${isStopped}
          AND (customer IN (SELECT customer FROM meter_events WHERE state IN ('rejected', 'set_aside') AND rejection_code = 'meter_event_customer_not_found')
               OR customer IN (SELECT customer FROM spent_identifiers WHERE reason = ?))
        LIMIT ?`,
    )
    .pluck()
    .all(releasedReason, limit);
}

export type MinutesQuestion = { readonly unknown: string; readonly fromMinuteMs: number; readonly callsMin: number };

/** As many minutes of what came back as hold so many calls; null when that is all. */
export function readMinutesUntil(db: Db, { unknown, fromMinuteMs, callsMin }: MinutesQuestion): number | null {
  const minutes = db
    .prepare<object, { readonly untilMinuteMs: number; readonly calls: number }>(
      `SELECT e.minute_ms + 60000 AS untilMinuteMs, MAX(e.calls) AS calls FROM meter_events e
        WHERE e.customer = @unknown AND ${isStopped} AND e.minute_ms >= @fromMinuteMs GROUP BY e.minute_ms ORDER BY e.minute_ms`,
    )
    .all({ unknown, fromMinuteMs });
  let sum = 0;
  for (const { untilMinuteMs, calls } of minutes) if ((sum += calls) >= callsMin) return untilMinuteMs;
  return null;
}

/** Of these calls, the events that Stripe took and rejected, and of which nothing is this customer's any more. */
export function readEmptied(db: Db, unknown: string, callIds: readonly string[]): string[] {
  return db
    .prepare<object, string>(
      `SELECT DISTINCT e.id FROM json_each(@callIds) asked JOIN calls told ON told.id = asked.value
         JOIN outbox_shares s ON s.call_seq = told.seq JOIN meter_events e ON e.id = s.event_id
        WHERE e.customer = @unknown AND ${isStopped} AND ${isUncounted} AND e.first_sent_at_ms IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM outbox_shares other JOIN calls row ON row.seq = other.call_seq JOIN calls ON calls.id = row.id
                           WHERE other.event_id = e.id AND calls.customer = @unknown AND ${isCurrent})`,
    )
    .pluck()
    .all({ unknown, callIds: JSON.stringify(callIds) });
}
