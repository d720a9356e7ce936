/**
 * Makes one backup of a ledger in use: all pages of one moment, read in a transaction of their own, so that no commit waits for it and none of it
 * comes in half. It gets its name only once it is whole: read to its last page, on the disk. A copy that is not whole means that the ledger is
 * not, since pages are copied as they are.
 */
import { rmSync } from 'node:fs';

import { isDamage, openDatabase, type Db } from '../system/db.ts';
import { renameDurably } from '../system/durable-file.ts';
import { dailyBackupFile, makeBackupFolder, thinOutBackups } from './backups.ts';
import { firstFault } from './file-check.ts';

export type BackupResult =
  | { readonly kind: 'made'; readonly file: string; readonly atMs: number }
  | { readonly kind: 'damaged'; readonly reason: string };

/** More pages than any file has: one step, or a writer that never rests would make it begin again for ever. */
const allPages = 2 ** 31 - 1;

/** @throws SqliteError or the file system's error when there is no room, or the folder cannot be written. */
export async function makeBackup(db: Db, ledgerFile: string, nowMs: number): Promise<BackupResult> {
  makeBackupFolder(ledgerFile);
  const file = dailyBackupFile(ledgerFile, nowMs);
  const unfinished = `${file}.part`;
  try {
    await copyAt(db, unfinished);
    const reason = faultOf(unfinished);
    if (reason !== null) return { kind: 'damaged', reason };
    renameDurably(unfinished, file);
    thinOutBackups(ledgerFile);
    return { kind: 'made', file, atMs: nowMs };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { kind: 'damaged', reason: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const part of ['', '-journal', '-wal', '-shm']) rmSync(`${unfinished}${part}`, { force: true });
  }
}

async function copyAt(db: Db, file: string): Promise<void> {
  rmSync(file, { force: true });
  // The read fixes the moment; without it the copy would begin again with every commit of the writer.
  db.exec('BEGIN; SELECT COUNT(*) FROM sqlite_schema');
  try {
    await db.backup(file, { progress: () => allPages });
  } finally {
    db.exec('COMMIT');
  }
}

function faultOf(file: string): string | null {
  const copy = openDatabase(file, 'write');
  try {
    // One file, without a log beside it: whoever copies it copies all of it.
    copy.pragma('journal_mode = DELETE');
    return firstFault(copy);
  } finally {
    copy.close();
  }
}
