/**
 * Removes the ledger of the last demo. The simulated Stripe forgets when it ends, so a demo starts with an empty ledger, or the two would not
 * agree. A ledger that does not say it is a demo's is never touched.
 */
import { existsSync, rmSync } from 'node:fs';

import { readFact } from './facts.ts';
import { openLedgerFile } from './ledger-file.ts';
import { forgetJournal } from './read-journal.ts';

/** Beside the file stand SQLite's log and its index. */
const endings = ['', '-wal', '-shm'];

/** @throws AppError `ledger_unreadable`. */
export function forgetLastDemo(file: string, journalFolder: string): void {
  if (!existsSync(file)) return;
  const db = openLedgerFile(file, 'read');
  const isDemo = readFact(db, 'is_demo') === 'true';
  db.close();
  if (!isDemo) return;
  for (const ending of endings) rmSync(`${file}${ending}`, { force: true });
  forgetJournal(journalFolder);
}
