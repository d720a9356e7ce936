/**
 * Gives calls that had no customer the one that is to be billed for them: a correction that names the old row, in chunks of one transaction, so that who was
 * billed before (nobody) stays visible. Each call gets its share in its own minute, under the plan of its own time; nothing is re-dated. A call that has a
 * customer is not one of them any more, so releasing twice bills once. What is older than Stripe's window is left, or, where that is asked for, released all
 * the same: its events are then set aside with an invoice item proposed (outbox.ts).
 */
import type { ReleasedCalls } from '../../shared/contract/stripe-customers.ts';
import type { DayChange } from '../../shared/corrections.ts';
import type { Db } from '../system/db.ts';
import { readStoredCallsOf, type StoredCall } from './call-row.ts';
import { earliestMs, isUnmapped, whichCalls } from './read-unmapped.ts';
import type { Recorder } from './record.ts';

export type ReleaseQuestion = {
  readonly which: ReleasedCalls;
  readonly customer: string;
  readonly withOlder: boolean;
  readonly nowMs: number;
  /** Rows up to this one; what was corrected since has a higher number. */
  readonly afterSeq: number;
};

export type ReleasePart = {
  readonly released: number;
  /** Null when there are no more. */
  readonly lastSeq: number | null;
  readonly changes: readonly DayChange[];
};

const callsPerChunk = 500;

export function release(db: Db, recorder: Recorder, question: ReleaseQuestion): ReleasePart {
  const { which, customer, withOlder, nowMs, afterSeq } = question;
  const { sql, values } = whichCalls(which);
  const calls = readStoredCallsOf(
    db,
    `${isUnmapped} AND ${sql} AND started_at_ms >= @fromMs AND seq > @afterSeq ORDER BY seq LIMIT @limit`,
    { ...values, fromMs: withOlder ? 0 : earliestMs(nowMs), afterSeq, limit: callsPerChunk },
  );
  return {
    released: calls.length,
    lastSeq: calls.length < callsPerChunk ? null : (calls.at(-1)?.seq ?? null),
    changes: calls.length === 0 ? [] : write(db, recorder, calls, customer),
  };
}

function write(db: Db, recorder: Recorder, calls: readonly StoredCall[], customer: string): readonly DayChange[] {
  try {
    return db.transaction(() => {
      for (const stored of calls) {
        const after = { ...stored.call, customer };
        recorder.correct(stored, after, stored.lines, `Released to ${customer}; it had no customer.`);
      }
      return recorder.writeRollups();
    })();
  } catch (error) {
    recorder.forget();
    throw error;
  }
}
