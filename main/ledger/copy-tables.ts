/**
 * A new ledger from the tables of another file, read row by row in their own order and through no index: what a damaged index hides is there again,
 * and its new indexes are made from the rows. All or nothing: a table that cannot be read to its end ends it.
 */
import assert from 'node:assert/strict';

import { openDatabase } from '../system/db.ts';
import { migrate, schemaVersion } from './migrate.ts';

/** @throws SqliteError when a table is damaged, or breaks a rule of the schema. `to` must not exist, and is the caller's to remove then. */
export function copyTables(from: string, to: string): void {
  const db = openDatabase(to, 'write');
  try {
    migrate(db);
    db.pragma('foreign_keys = OFF');
    db.prepare('ATTACH ? AS old').run(from);
    assert.equal(Number(db.pragma('old.user_version', { simple: true })), schemaVersion, 'of another schema');
    const tables = db
      .prepare<[], string>(
        `SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'`,
      )
      .pluck()
      .all();
    db.transaction(() => {
      // With a condition, since SQLite copies a whole table page by page, indexes and all, where there is none.
      for (const table of tables)
        db.exec(`INSERT INTO main."${table}" SELECT * FROM old."${table}" NOT INDEXED WHERE TRUE`);
    })();
    assert.deepEqual(db.pragma('main.foreign_key_check'), [], 'a row points nowhere');
    db.exec('DETACH old');
  } finally {
    db.close();
  }
}
