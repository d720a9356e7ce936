/**
 * Brings a ledger file to this version's schema. Migrations are numbered, applied in order in one transaction each, and never edited
 * once released; `PRAGMA user_version` names the last one. A file from a newer version is refused, not guessed at. Before the first of
 * them an existing ledger is copied to its backups, whole and on the disk.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';

import { AppError } from '../../shared/contract/errors.ts';
import { systemClock } from '../system/clock.ts';
import type { Db } from '../system/db.ts';
import { renameDurably } from '../system/durable-file.ts';
import { makeBackupFolder, migrationBackupFile, thinOutBackups } from './backups.ts';
import { migration0001 } from './migrations/0001-calls.ts';
import { migration0002 } from './migrations/0002-corrections.ts';
import { migration0003 } from './migrations/0003-journal.ts';
import { migration0004 } from './migrations/0004-reading.ts';
import { migration0005 } from './migrations/0005-refusals.ts';
import { migration0006 } from './migrations/0006-client-user.ts';
import { migration0007 } from './migrations/0007-limits.ts';
import { migration0008 } from './migrations/0008-outbox-states.ts';
import { migration0009 } from './migrations/0009-plans.ts';
import { migration0010 } from './migrations/0010-stripe-account.ts';
import { migration0011 } from './migrations/0011-adjustments.ts';
import { migration0012 } from './migrations/0012-outbox-pairs.ts';
import { migration0013 } from './migrations/0013-doubted-minutes.ts';

/** In their order: the first makes version 1. For tests, which write a file as each earlier version did. */
export const migrations: readonly string[] = [
  migration0001,
  migration0002,
  migration0003,
  migration0004,
  migration0005,
  migration0006,
  migration0007,
  migration0008,
  migration0009,
  migration0010,
  migration0011,
  migration0012,
  migration0013,
];

export const schemaVersion = migrations.length;

/** @throws AppError `ledger_unreadable` when the file was written by a newer version, or there is no room for its backup. */
export function migrate(db: Db, nowMs = systemClock.nowMs()): void {
  const current = Number(db.pragma('user_version', { simple: true }));
  if (current > schemaVersion) {
    throw new AppError(
      'ledger_unreadable',
      `The ledger was written by a newer version (schema ${current}, this one knows ${schemaVersion}).`,
      'Update Tollkeeper, or start it with another --home.',
    );
  }
  if (current > 0 && current < schemaVersion) backUp(db, current, nowMs);
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

function backUp(db: Db, schema: number, nowMs: number): void {
  const file = migrationBackupFile(db.name, schema, nowMs);
  try {
    makeBackupFolder(db.name);
    rmSync(`${file}.part`, { force: true });
    db.prepare('VACUUM INTO ?').run(`${file}.part`);
    renameDurably(`${file}.part`, file);
    thinOutBackups(db.name);
  } catch (error) {
    throw new AppError(
      'ledger_unreadable',
      `The ledger has to be brought from schema ${schema} to ${schemaVersion}, and its backup before that failed: ${error instanceof Error ? error.message : String(error)}.`,
      'Make room on the disk of the home folder (as much as the ledger has) and start again; nothing was changed.',
      error,
    );
  }
}
