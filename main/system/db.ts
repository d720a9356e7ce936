/**
 * Opens the embedded database (SQLite through better-sqlite3), the only file that imports its driver.
 * Promises WAL with synchronous=FULL: a committed transaction survives the loss of power. Holds no SQL of the ledger.
 */
import Database from 'better-sqlite3';

export type Db = Database.Database;

/** How long a connection waits for another process's lock. Short: a call waits for it, and the writer tries again by itself. */
const busyTimeoutMs = 500;
/** 64 MiB of pages; negative means KiB (SQLite PRAGMA cache_size). */
const cacheKibibytes = -65_536;

/** @throws SqliteError when the file is not a database, cannot be opened or (read-only) does not exist. */
export function openDatabase(file: string, access: 'write' | 'read'): Db {
  const db = new Database(file, {
    readonly: access === 'read',
    fileMustExist: access === 'read',
    timeout: busyTimeoutMs,
  });
  db.pragma(`cache_size = ${cacheKibibytes}`);
  if (access === 'write') {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
  } else {
    db.pragma('query_only = ON');
  }
  return db;
}
