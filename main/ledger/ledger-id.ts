/**
 * The ledger's own id, random, made when this version first opens the file for writing and never changed. It is part of every meter event's identifier
 * (shared/meter-event.ts): two machines that bill one customer on one Stripe account each have a ledger, and where both made the same identifier of the
 * same minute, Stripe took the second for a repeat of the first and billed it to nobody.
 *
 * A backup holds it, so a ledger that was restored makes the same identifiers again, which is what keeps a resend harmless where it makes one (restored-outbox.ts). A ledger that begins anew after
 * all was lost has another one: its revisions begin at 1 again, so under the old id another sum of the same minute could be dropped as a repeat. So Stripe
 * does not tell it what the lost one sent; neither does it tell a restored one whose backup is older than the id. What either finds in the journal is
 * therefore held until the summary of its minute has been read (restored-journal.ts).
 */
import { preparedOnce, type Db } from '../system/db.ts';
import { readFact, writeFact } from './facts.ts';

export function ensureLedgerId(db: Db, newId: () => string): void {
  if (readFact(db, 'ledger_id') === null) writeFact(db, 'ledger_id', newId());
}

/** @throws when the file was never opened for writing by this version, and then it seals nothing. */
export function ledgerIdOf(db: Db): string {
  const id = idOf(db).get();
  if (id === undefined) throw new Error('a ledger that seals has an id');
  return id;
}

const idOf = preparedOnce((db) =>
  db.prepare<[], string>(`SELECT value FROM ledger_facts WHERE name = 'ledger_id'`).pluck(),
);
