/**
 * Looks at a ledger's file before it is opened, and says whether it is sound. Changes nothing.
 * Bounded, so that a start stays fast: every page is read only where the file is small, or where something was found wrong while it was in use.
 * A large file that seems well is read whole by the daily backup.
 * Not damage: a file of a newer version, a locked one, a disk that cannot be read. Those are the opener's to report.
 * SQLite keeps no checksums: a flipped bit inside a text or a number is seen by no check of the file, at best by `verify`.
 */
import { existsSync, lstatSync, readFileSync, statSync, type Stats } from 'node:fs';

import { isDamage, openDatabase, type Db } from '../system/db.ts';
import { isLogDamaged } from './log-check.ts';
import { listBackups } from './backups.ts';

export type FileCheck =
  | { readonly kind: 'sound' }
  /** Nothing there, and no sign that there ever was. */
  | { readonly kind: 'absent' }
  /** Only the write-ahead log is: the file itself stands as of its last checkpoint. */
  | { readonly kind: 'log_damaged'; readonly reason: string }
  | { readonly kind: 'damaged'; readonly reason: string };

/** Some 50,000 calls; read in about a tenth of a second. */
const readWholeBytesMax = 32 * 1024 * 1024;
/** A log beyond this is not looked through; SQLite starts it anew every 16 MB or so. */
const logBytesMax = 256 * 1024 * 1024;

/** Beside the file when damage was found while it was in use; holds the reason. */
export function damageNoteOf(file: string): string {
  return `${file}.damage`;
}

/** `wasKilled`: the last writer did not close it, so its log may hold what the file does not. */
export function checkLedgerFile(file: string, { wasKilled }: { readonly wasKilled: boolean }): FileCheck {
  const found = lstatSync(file, { throwIfNoEntry: false });
  const logBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const wasThere = logBytes > 0 || listBackups(file).length > 0;
  if (found === undefined) return wasThere ? { kind: 'damaged', reason: 'the file is gone' } : { kind: 'absent' };
  const place = reasonOfPlace(found, file);
  if (place !== null) return { kind: 'damaged', reason: place };
  if (statSync(file).size === 0)
    return wasThere ? { kind: 'damaged', reason: 'the file is empty' } : { kind: 'absent' };
  if (wasKilled && logBytes > 0 && logBytes <= logBytesMax && isLogDamaged(readFileSync(`${file}-wal`)))
    return { kind: 'log_damaged', reason: 'its write-ahead log is damaged' };
  return checkContent(file);
}

/** A link is followed: a person may keep the ledger on another disk. */
function reasonOfPlace(found: Stats, file: string): string | null {
  if (found.isSymbolicLink() && !existsSync(file)) return 'it is a link to a file that is gone';
  const target = found.isSymbolicLink() ? statSync(file) : found;
  if (target.isDirectory()) return 'a folder stands in its place';
  return target.isFile() ? null : 'something that is no file stands in its place';
}

function checkContent(file: string): FileCheck {
  const isReadWhole = statSync(file).size <= readWholeBytesMax || existsSync(damageNoteOf(file));
  let db: Db | null = null;
  try {
    db = openDatabase(file, 'read');
    const reason = isReadWhole ? firstFault(db) : readEdges(db);
    return reason === null ? { kind: 'sound' } : { kind: 'damaged', reason };
  } catch (error) {
    if (!isDamage(error)) return { kind: 'sound' };
    return { kind: 'damaged', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    db?.close();
  }
}

/** Reads every page: null, or the first thing that is wrong in the file. Also finds rows that an index misses. */
export function firstFault(db: Db): string | null {
  const lines = db.prepare<[], string>('PRAGMA integrity_check(1)').pluck().all();
  return lines.find((line) => line !== 'ok')?.replaceAll('\n', ' ') ?? null;
}

/** The first and the last row of every table: what an engine reads and writes first. */
function readEdges(db: Db): string | null {
  const tables = db.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all();
  for (const table of tables) {
    const name = `"${table.replaceAll('"', '""')}"`;
    const hasRowid = db
      .prepare<[string], number>('SELECT wr = 0 FROM pragma_table_list WHERE name = ?')
      .pluck()
      .get(table);
    db.prepare(`SELECT * FROM ${name} LIMIT 1`).all();
    if (hasRowid === 1) db.prepare(`SELECT * FROM ${name} ORDER BY rowid DESC LIMIT 1`).all();
  }
  return null;
}
