/**
 * Opens the embedded database (SQLite through better-sqlite3), the only file that imports its driver.
 * Promises WAL with synchronous=FULL: a committed transaction survives the loss of power. Holds no SQL of the ledger.
 */
import { accessSync, constants } from 'node:fs';

import Database from 'better-sqlite3';

export type Db = Database.Database;

/** How long a connection waits for another process's lock. Short: a call waits for it, and the writer tries again by itself. */
const busyTimeoutMs = 500;
/**
 * Negative means KiB (SQLite PRAGMA cache_size). The writer changes the ends of a few trees: more pages would only cost memory, and time at each commit,
 * which looks through them. The kernel keeps the file's pages besides.
 */
const cacheKibibytes = { write: -8_192, read: -16_384 };

/** 16 MiB of 4 KiB pages; a start after a crash reads that much of the log in a moment. */
const checkpointPages = 4_096;
/** How much of the write-ahead log stays on the disk once it starts anew. */
const logBytesKept = 16 * 1024 * 1024;

/** @throws SqliteError when the file is not a database, cannot be opened or (read-only) does not exist. */
export function openDatabase(file: string, access: 'write' | 'read'): Db {
  const db = new Database(file, {
    readonly: access === 'read',
    fileMustExist: access === 'read',
    timeout: busyTimeoutMs,
  });
  db.pragma(`cache_size = ${cacheKibibytes[access]}`);
  if (access === 'write') {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    // A page that changes with every transaction is copied back once for many of them.
    db.pragma(`wal_autocheckpoint = ${checkpointPages}`);
    // SQLite copies the log back every so many pages and starts it anew when no reader needs it; what a long read made it grow to is given back then.
    db.pragma(`journal_size_limit = ${logBytesKept}`);
    db.pragma('foreign_keys = ON');
  } else {
    db.pragma('query_only = ON');
  }
  return db;
}

/** What is prepared for a connection, once: for statements that run many times a second. Not for one that is iterated while it may be asked again. */
export function preparedOnce<T>(prepare: (db: Db) => T): (db: Db) => T {
  const known = new WeakMap<Db, T>();
  return (db) => {
    const prepared = known.get(db) ?? prepare(db);
    known.set(db, prepared);
    return prepared;
  };
}

/**
 * A lock of the kernel's over a file of its own: an exclusive transaction that never writes. Null when another connection, of this process or
 * another, holds it. The process's end lets it go, however it ends.
 * @throws SqliteError or a file system error when the file cannot be made or written.
 */
export function takeFileLock(file: string): (() => void) | null {
  const db = new Database(file, { timeout: 0 });
  try {
    // On a disk that may only be read SQLite opens the file all the same and grants "exclusive" to everybody.
    accessSync(file, constants.W_OK);
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
    return () => db.close();
  } catch (error) {
    db.close();
    if (isLocked(error)) return null;
    throw error;
  }
}

/** Another connection is in the way; nothing is wrong with the file. */
export function isLocked(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

/** The file is no database any more, or not a whole one. A full disk, a lock or a missing right is not damage. */
export function isDamage(error: unknown): boolean {
  const code: unknown = error instanceof Error ? (error as Error & { code?: unknown }).code : null;
  return typeof code === 'string' && /^SQLITE_(?:CORRUPT|NOTADB)/.test(code);
}
