/**
 * Makes sure that the ledger's file can be opened: what is damaged is kept aside under a name with its date, and the best of what there is takes its
 * place. Runs before anything else opens the file, by the holder of the home's lock.
 *
 * In this order: the indexes made anew, if that alone makes the file whole and its sums right (nothing is missing then); the newest backup that
 * opens, is whole and is of a known schema; an empty ledger. Of a damaged write-ahead log, the file without it. Whatever may be missing is noted
 * in the ledger as a gap, and its outbox is no longer trusted, nor is the journal beside it.
 */
import { copyFileSync, existsSync, lstatSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { openDatabase, type Db } from '../system/db.ts';
import { renameDurably, syncFolder } from '../system/durable-file.ts';
import { listBackups, timeInName } from './backups.ts';
import { checkLedgerFile, damageNoteOf, firstFault } from './file-check.ts';
import { copyTables } from './copy-tables.ts';
import { gapText, noteGap, type Gap, type Opened } from './gaps.ts';
import { openLedgerFile } from './ledger-file.ts';
import { schemaVersion } from './migrate.ts';
import { distrustJournal } from './restored-journal.ts';
import { distrustOutbox } from './restored-outbox.ts';
import { verifyLedger } from './verify.ts';

/** Beside the file stand SQLite's log and its index. */
const parts = ['', '-wal', '-shm'];
const keptMax = 5;

export type RescueQuestion = { readonly wasKilled: boolean; readonly nowMs: number };

/** Returns a sentence for people when something was wrong. @throws AppError or the file system's error when nothing can be put in its place. */
export function rescueLedger(file: string, { wasKilled, nowMs }: RescueQuestion): string | null {
  const check = checkLedgerFile(file, { wasKilled });
  if (check.kind === 'sound' || check.kind === 'absent') {
    rmSync(damageNoteOf(file), { force: true });
    return null;
  }
  const { reason } = check;
  const toMs = Math.min(nowMs, lastChangeMs(file) ?? nowMs);
  const checkpointMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
  const keptAs = keepAside(file, nowMs);
  const done = (sentence: string): string => {
    rmSync(damageNoteOf(file), { force: true });
    return sentence;
  };
  if (check.kind === 'log_damaged' && isWhole(file))
    return done(
      tellGap(file, { fromMs: Math.floor(checkpointMs), toMs, reason, keptAs, opened: { kind: 'file' } }, nowMs),
    );
  if (check.kind === 'damaged' && mendIndexes(file))
    return done(
      `An index of the ledger was damaged (${reason}) and has been made anew; nothing is missing. ${keptAs} is the file as it was.`,
    );
  removeParts(file);
  const backup = restoreNewest(file);
  const opened: Opened = backup === null ? { kind: 'empty' } : { kind: 'backup', name: basename(backup.file) };
  return done(tellGap(file, { fromMs: backup?.atMs ?? null, toMs, reason, keptAs, opened }, nowMs));
}

/** Of the file and its log: the last moment at which a call can have been written. */
function lastChangeMs(file: string): number | null {
  const changes = ['', '-wal'].flatMap((part) => {
    const found = statSync(`${file}${part}`, { throwIfNoEntry: false });
    return found?.isFile() ? [found.mtimeMs] : [];
  });
  return changes.length === 0 ? null : Math.ceil(Math.max(...changes));
}

/** A copy under a name with its date; a folder is moved. "ledger-damaged-2026-11-26T02-12-28Z.sqlite", or "nothing" when there was no file. */
function keepAside(file: string, nowMs: number): string {
  const folder = dirname(file);
  const name = freeName(folder, `ledger-damaged-${timeInName(nowMs)}`);
  let isKept = false;
  for (const part of parts) {
    const found = lstatSync(`${file}${part}`, { throwIfNoEntry: false });
    if (found === undefined) continue;
    isKept = true;
    const aside = join(folder, `${name}${part}`);
    if (found.isFile()) copyFileSync(`${file}${part}`, aside);
    else renameSync(`${file}${part}`, aside);
  }
  syncFolder(folder);
  thinOutKept(folder);
  return isKept ? name : 'nothing';
}

function freeName(folder: string, wanted: string): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${wanted}.sqlite` : `${wanted}-${number}.sqlite`;
    if (parts.every((part) => !existsSync(join(folder, `${name}${part}`)))) return name;
  }
}

/** The latest few: a disk that damages a file at every start must not be filled with its copies. */
function thinOutKept(folder: string): void {
  const kept = readdirSync(folder).filter((name) => /^ledger-damaged-.*\.sqlite$/.test(name));
  for (const name of kept.toSorted().toReversed().slice(keptMax))
    for (const part of parts) rmSync(join(folder, `${name}${part}`), { force: true, recursive: true });
}

/**
 * A copy from the tables alone, whose indexes are made anew; in the file's place if it is whole. The sums are checked too: a new index no longer tells
 * of rows that its table has lost.
 */
function mendIndexes(file: string): boolean {
  const candidate = `${file}.mended`;
  const isCopied = () => {
    try {
      copyTables(file, candidate);
      return true;
    } catch {
      // It is not the indexes, or not they alone.
      return false;
    }
  };
  const isGood = (db: Db) => firstFault(db) === null && isKnownSchema(db) && verifyLedger(db).findings.length === 0;
  try {
    // What a kill in the middle of this left behind.
    removeParts(candidate);
    if (!isCopied() || !tryWith(candidate, 'read', isGood)) return false;
    removeParts(file);
    renameDurably(candidate, file);
    return true;
  } finally {
    removeParts(candidate);
  }
}

function removeParts(file: string): void {
  for (const part of parts) rmSync(`${file}${part}`, { force: true, recursive: true });
}

function isWhole(file: string): boolean {
  return tryWith(file, 'write', (db) => firstFault(db) === null && isKnownSchema(db));
}

function isKnownSchema(db: Db): boolean {
  const version = Number(db.pragma('user_version', { simple: true }));
  return version >= 1 && version <= schemaVersion;
}

function tryWith(file: string, access: 'read' | 'write', isGood: (db: Db) => boolean): boolean {
  let db: Db | null = null;
  try {
    if (!existsSync(file) || !statSync(file).isFile()) return false;
    db = openDatabase(file, access);
    return isGood(db);
  } catch {
    // Whatever it is, this file is not the one to go on with; the next best is tried, and the last resort needs none.
    return false;
  } finally {
    db?.close();
  }
}

function restoreNewest(file: string): { readonly file: string; readonly atMs: number } | null {
  const candidate = `${file}.restoring`;
  try {
    for (const backup of listBackups(file)) {
      removeParts(candidate);
      copyFileSync(backup.file, candidate);
      const isGood = tryWith(candidate, 'read', (db) => firstFault(db) === null && isKnownSchema(db));
      if (!isGood) continue;
      renameDurably(candidate, file);
      return backup;
    }
    return null;
  } finally {
    removeParts(candidate);
  }
}

function tellGap(file: string, gap: Gap, nowMs: number): string {
  const db = openLedgerFile(file, 'write');
  try {
    db.transaction(() => {
      noteGap(db, gap);
      distrustJournal(db);
      if (gap.fromMs !== null) distrustOutbox(db, { backupAtMs: gap.fromMs, nowMs });
    })();
    return gapText(gap);
  } finally {
    db.close();
  }
}
