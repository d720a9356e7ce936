/**
 * Seals an event that Stripe does not count again, under an identifier of its own: the next revision of its minute. Its calls that were corrected
 * meanwhile are in the new sum at once. The identifier that is spent is kept, so that a late report can still be read, its revision is never used
 * again, and it leads to the event, which keeps its id. Runs inside the caller's transaction.
 * Whoever calls this knows that Stripe does not count the event: the summary of its minute said so, or Stripe's report did.
 */
import assert from 'node:assert/strict';

import { meterEventIdentifier } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { applyDifferences, sumAnew } from './fold-differences.ts';
import { ledgerIdOf } from './ledger-id.ts';
import { nextRevision, type MinuteOfMeter } from './revisions.ts';

type Sent = MinuteOfMeter & { readonly value: number };

export type Reissue = {
  readonly id: string;
  readonly nowMs: number;
  /** Why the identifier is spent, in plain words. */
  readonly reason: string;
};

export function reissue(db: Db, { id, nowMs, reason }: Reissue): void {
  const event = db
    .prepare<[string], Sent>('SELECT customer, meter, minute_ms AS minuteMs, value FROM meter_events WHERE id = ?')
    .get(id);
  assert(event, 'an event that is sealed again stands in the outbox');
  const revision = nextRevision(db, event);
  // For as long as it takes to sum it anew.
  const identifier = meterEventIdentifier({ ledgerId: ledgerIdOf(db), ...event, revision });
  db.prepare(
    `INSERT INTO spent_identifiers (identifier, event_id, customer, meter, minute_ms, revision, attempts, spent_at_ms, reason)
     SELECT identifier, id, customer, meter, minute_ms, revision, attempts, @nowMs, @reason FROM meter_events WHERE id = @id`,
  ).run({ id, nowMs, reason });
  db.prepare(
    `UPDATE meter_events
        SET identifier = @identifier, revision = @revision, state = 'sealed', attempts = 0, sealed_at_ms = @nowMs, next_attempt_at_ms = @nowMs,
            first_sent_at_ms = NULL, last_sent_at_ms = NULL, accepted_at_ms = NULL, confirmed_at_ms = NULL, rejection_code = NULL,
            set_aside_reason = NULL, set_aside_at_ms = NULL, last_answer = @reason
      WHERE id = @id`,
  ).run({ id, identifier, revision, nowMs, reason });
  applyDifferences(db, id);
  sumAnew(db, id);
}
