/**
 * The journal beside a ledger that takes a damaged one's place. Its calls are not in this ledger, but they may have been in the one that is lost, be sealed
 * and be sent: a segment is kept until it is full (journal-segments.ts), which may be a day. Their event here is another than it was there (other
 * revisions, another remainder, in an empty ledger another id), so Stripe would not tell it from new usage. So all that the journal brought is sealed and
 * held until the summary of its minute has been read (minute-readings.ts).
 */
import { identifierLifeMs } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { readFact, writeFact } from './facts.ts';
import { sealEveryMinute } from './outbox.ts';

const heldWords =
  'The ledger was lost and this was found in the journal; it may have been sent already. It is held until the summary of its minute has been read.';

/** Noted with the gap; what the journal holds is brought in by a later transaction. */
export function distrustJournal(db: Db): void {
  writeFact(db, 'distrusts_journal', 'true');
}

/** After the journal was brought in, and before anything is sent. One transaction. */
export function holdJournaled(db: Db, nowMs: number): void {
  if (readFact(db, 'distrusts_journal') !== 'true') return;
  db.transaction(() => {
    sealEveryMinute(db, nowMs);
    // What the backup held is not `sealed` any more (restored-outbox.ts). Whatever it was sent under, it was not its present identifier.
    db.prepare(
      `UPDATE meter_events SET state = 'unknown', first_sent_at_ms = @earliestMs, last_sent_at_ms = @nowMs, sealed_at_ms = @nowMs, next_attempt_at_ms = NULL,
              last_answer = @heldWords
        WHERE state = 'sealed'`,
    ).run({ nowMs, earliestMs: nowMs - identifierLifeMs - 1, heldWords });
    writeFact(db, 'distrusts_journal', 'false');
  })();
}
