/**
 * Gives calls that had no customer the one that is to be billed for them: a correction that names the old row, in chunks of one transaction, so that who was
 * billed before (nobody) stays visible. Each call gets its share in its own minute, under the plan of its own time; nothing is re-dated. A call that has a
 * customer is not one of them any more, so releasing twice bills once. What is older than Stripe's window is left, or, where that is asked for, released all
 * the same: its events are then set aside with an invoice item proposed (outbox.ts).
 * The same for calls of a customer that Stripe does not know (unknown-customers.ts): whole minutes at a time, so that the events they stood in, which Stripe
 * does not count, come to nothing in the same transaction, and are neither sent nor an item.
 */
import type { ReleasedCalls } from '../../shared/contract/stripe-customers.ts';
import type { DayChange } from '../../shared/corrections.ts';
import type { Db } from '../system/db.ts';
import { readStoredCallsOf, type StoredCall } from './call-row.ts';
import { earliestMs, whichCalls } from './read-unmapped.ts';
import type { Recorder } from './record.ts';
import { reissue } from './reissue.ts';
import { allMinutes, readEmptied, readMinutesUntil, releasedReason } from './unknown-customers.ts';

export type ReleaseQuestion = {
  readonly which: ReleasedCalls;
  readonly customer: string;
  readonly withOlder: boolean;
  readonly nowMs: number;
  /** 0 at first, then the part's `next`: a row's number, since what was corrected has a higher one; of an unknown customer a minute. */
  readonly after: number;
};

export type ReleasePart = {
  readonly released: number;
  /** Null when there are no more. */
  readonly next: number | null;
  readonly changes: readonly DayChange[];
};

const callsPerChunk = 500;

type Chunk = { readonly calls: readonly StoredCall[]; readonly next: number | null };

export function release(db: Db, recorder: Recorder, question: ReleaseQuestion): ReleasePart {
  const { which } = question;
  const { calls, next } =
    which.kind === 'customer' ? readMinutes(db, which.customer, question) : readNext(db, question);
  return { released: calls.length, next, changes: calls.length === 0 ? [] : write(db, recorder, calls, question) };
}

function readNext(db: Db, { which, withOlder, nowMs, after }: ReleaseQuestion): Chunk {
  const { sql, values } = whichCalls(which);
  const calls = readStoredCallsOf(
    db,
    `${sql} AND started_at_ms >= @fromMs AND seq > @after ORDER BY seq LIMIT @limit`,
    { ...values, fromMs: withOlder ? 0 : earliestMs(nowMs), after, limit: callsPerChunk },
  );
  return { calls, next: calls.length < callsPerChunk ? null : (calls.at(-1)?.seq ?? null) };
}

/** An event is of one minute: half of one would be sealed again with the rest, and sent. */
function readMinutes(db: Db, unknown: string, { which, withOlder, nowMs, after }: ReleaseQuestion): Chunk {
  const { sql, values } = whichCalls(which);
  const fromMinuteMs = Math.max(after, withOlder ? 0 : earliestMs(nowMs));
  const next = readMinutesUntil(db, { unknown, fromMinuteMs, callsMin: callsPerChunk });
  const range = { fromMinuteMs, untilMinuteMs: next ?? allMinutes.untilMinuteMs };
  return { calls: readStoredCallsOf(db, `${sql} ORDER BY seq`, { ...values, ...range }), next };
}

function write(
  db: Db,
  recorder: Recorder,
  calls: readonly StoredCall[],
  { which, customer, nowMs }: ReleaseQuestion,
): readonly DayChange[] {
  const unknown = which.kind === 'customer' ? which.customer : null;
  const why = unknown === null ? 'it had no customer' : `Stripe does not know ${unknown}`;
  try {
    return db.transaction(() => {
      for (const stored of calls)
        recorder.correct(stored, { ...stored.call, customer }, stored.lines, `Released to ${customer}; ${why}.`);
      if (unknown !== null)
        for (const id of readEmptied(
          db,
          unknown,
          calls.map(({ call }) => call.id),
        ))
          reissue(db, { id, nowMs, reason: releasedReason });
      return recorder.writeRollups();
    })();
  } catch (error) {
    recorder.forget();
    throw error;
  }
}
