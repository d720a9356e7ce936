/**
 * The outbox of a backup that takes a damaged ledger's place. What waited in it may have been sent since, by the ledger that is lost, so nothing of it
 * leaves as if it were new (invariant 8).
 *
 * It is held until Stripe's figure of its minute has been read (minute-readings.ts). Not even what was sealed then may be sent again under its identifier:
 * a correction since may have sealed it anew under another, and Stripe would count both. So its identifier counts as forgotten. What was open then is
 * sealed with what is known, since calls of its minute may be missing. But a backlog of an offline machine is more than a month's reads can decide, and
 * would miss its invoices meanwhile: that is sent again under its identifiers while Stripe keeps them. What was corrected in between would be counted
 * beside, which the comparison of its day shows.
 * Until now the ledger that is lost may have sent it, so the last attempt counts from the restore.
 * What had been delivered then may have been cancelled and sent anew since: it is not cancelled a second time, and the daily comparison shows it.
 */
import { identifierLifeMs } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { sealEveryMinute } from './outbox.ts';

const heldWords =
  'The ledger was opened from a backup; this may have been sent already, by the one that was lost. It is held until the summary of its minute has been read.';

export type Restored = { readonly backupAtMs: number; readonly nowMs: number };

/** One transaction. Returns how many events are held. */
export function distrustOutbox(db: Db, { backupAtMs, nowMs }: Restored): number {
  return db.transaction(() => {
    const forgottenMs = Math.min(backupAtMs, nowMs) - identifierLifeMs - 1;
    const hold = { nowMs, forgottenMs, heldWords };
    const waited = mayBeSentAgain(db, { backupAtMs, nowMs })
      ? sendAgain(db, { backupAtMs, nowMs })
      : holdWaiting(db, hold);
    leaveCancellations(db, nowMs);
    sealEveryMinute(db, Math.max(nowMs, backupAtMs));
    const sealed = db
      .prepare(
        `UPDATE meter_events SET state = 'unknown', first_sent_at_ms = @forgottenMs, last_sent_at_ms = @nowMs, next_attempt_at_ms = NULL,
                last_answer = @heldWords, sealed_at_ms = @nowMs
          WHERE state = 'sealed'`,
      )
      .run(hold);
    return sealed.changes + waited;
  })();
}

/** Two reads decide about one: well within what is kept for minutes (stripe-reads.ts). */
const heldMax = 200;
/** Well within the life of an identifier: the send must arrive before it ends. */
const safeAgainMs = identifierLifeMs - 3_600_000;

function mayBeSentAgain(db: Db, { backupAtMs, nowMs }: Restored): boolean {
  const count = db.prepare<[], number>(
    `SELECT COUNT(*) FROM meter_events WHERE state IN ('sealed', 'sending', 'unknown')`,
  );
  return nowMs >= backupAtMs && nowMs - backupAtMs < safeAgainMs && (count.pluck().get() ?? 0) > heldMax;
}

/** Returns how many are held: none but what was held before. */
function sendAgain(db: Db, { backupAtMs, nowMs }: Restored): number {
  db.prepare(
    `UPDATE meter_events SET state = 'unknown', first_sent_at_ms = MIN(COALESCE(first_sent_at_ms, @backupAtMs), @backupAtMs), last_sent_at_ms = @nowMs,
            next_attempt_at_ms = CASE WHEN state = 'unknown' THEN next_attempt_at_ms ELSE @nowMs END, last_answer = @heldWords
      WHERE state IN ('sealed', 'sending', 'unknown')`,
  ).run({ backupAtMs, nowMs, heldWords: sentAgainWords });
  return 0;
}

const sentAgainWords =
  'The ledger was opened from a backup; this may have been sent already, by the one that was lost. It is sent again under the same identifier.';

type Hold = { readonly nowMs: number; readonly forgottenMs: number; readonly heldWords: string };

function holdWaiting(db: Db, hold: Hold): number {
  return db
    .prepare(
      `UPDATE meter_events SET state = 'unknown', first_sent_at_ms = MIN(COALESCE(first_sent_at_ms, @forgottenMs), @forgottenMs),
              last_sent_at_ms = @nowMs, next_attempt_at_ms = NULL, last_answer = @heldWords
        WHERE state IN ('sealed', 'sending', 'unknown')`,
    )
    .run(hold).changes;
}

const notCancelledWords = 'The ledger was opened from a backup; by then it may have been cancelled and sent anew.';

function leaveCancellations(db: Db, nowMs: number): void {
  db.prepare(`UPDATE cancellations SET may_have_arrived = 1, last_asked_at_ms = ? WHERE state = 'asked'`).run(nowMs);
  db.prepare(`UPDATE meter_events SET next_attempt_at_ms = NULL, last_answer = ? WHERE state = 'cancelling'`).run(
    heldWords,
  );
  db.prepare(
    `INSERT OR IGNORE INTO cancellations (identifier, event_id, customer, meter, minute_ms, value, state, attempts, key_number, may_have_arrived,
                                          asked_at_ms, last_answer)
     SELECT identifier, id, customer, meter, minute_ms, value, 'refused', 0, 1, 0, @nowMs, @notCancelledWords
       FROM meter_events WHERE state IN ('accepted', 'confirmed') AND first_sent_at_ms > @earliestMs`,
  ).run({ nowMs, notCancelledWords, earliestMs: nowMs - identifierLifeMs });
}
