/**
 * Brings a ledger file to this version's schema. Migrations are numbered, applied in order in one transaction each, and never edited
 * once released; `PRAGMA user_version` names the last one. A file from a newer version is refused, not guessed at.
 */
import assert from 'node:assert/strict';

import { AppError } from '../../shared/contract/errors.ts';
import type { Db } from '../system/db.ts';
import { migration0001 } from './migrations/0001-calls.ts';
import { migration0002 } from './migrations/0002-corrections.ts';

const migrations: readonly string[] = [migration0001, migration0002];

export const schemaVersion = migrations.length;

/** @throws AppError `ledger_unreadable` when the file was written by a newer version. */
export function migrate(db: Db): void {
  const current = Number(db.pragma('user_version', { simple: true }));
  if (current > schemaVersion) {
    throw new AppError(
      'ledger_unreadable',
      `The ledger was written by a newer version (schema ${current}, this one knows ${schemaVersion}).`,
      'Update Tollkeeper, or start it with another --home.',
    );
  }
  // A migration that makes a table anew drops the old one while others point to it; SQLite asks for this, and for the check after it
  // (https://sqlite.org/lang_altertable.html, section 7).
  db.pragma('foreign_keys = OFF');
  for (const [index, sql] of migrations.slice(current).entries()) {
    db.transaction(() => {
      db.exec(sql);
      assert.deepEqual(db.pragma('foreign_key_check'), [], 'a migration left a row that points nowhere');
      db.pragma(`user_version = ${current + index + 1}`);
    })();
  }
  db.pragma('foreign_keys = ON');
}
