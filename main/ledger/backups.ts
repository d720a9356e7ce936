/**
 * The backups of a home folder: plain files of one snapshot each, named by its time, in `backups/`. Lists, names and thins them out; makes none.
 * Copies made before a migration are kept beside the daily ones and not counted with them.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Backup = { readonly file: string; readonly atMs: number };

export const dailyBackupsKept = 7;
const migrationBackupsKept = 3;

const dailyName = /^ledger-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})Z\.sqlite$/;
const migrationName = /^ledger-schema-\d+-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})Z\.sqlite$/;

/** Beside the ledger's file. */
export function backupFolderOf(ledgerFile: string): string {
  return join(dirname(ledgerFile), 'backups');
}

/** A time as part of a file's name, on every platform: 2026-11-26T02-12-28Z. */
export function timeInName(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}

export function dailyBackupFile(ledgerFile: string, atMs: number): string {
  return join(backupFolderOf(ledgerFile), `ledger-${timeInName(atMs)}.sqlite`);
}

/** Of a ledger about to leave this schema. */
export function migrationBackupFile(ledgerFile: string, schema: number, atMs: number): string {
  return join(backupFolderOf(ledgerFile), `ledger-schema-${schema}-${timeInName(atMs)}.sqlite`);
}

export function makeBackupFolder(ledgerFile: string): void {
  mkdirSync(backupFolderOf(ledgerFile), { recursive: true, mode: 0o700 });
}

/** Also takes away what a backup that was killed left behind; only one is made at a time. */
export function thinOutBackups(ledgerFile: string): void {
  const folder = backupFolderOf(ledgerFile);
  const unfinished = namesIn(folder).filter((name) => /\.part(?:-|$)/.test(name));
  const surplus = [
    ...named(ledgerFile, dailyName).slice(dailyBackupsKept),
    ...named(ledgerFile, migrationName).slice(migrationBackupsKept),
  ];
  for (const file of [...surplus.map((backup) => backup.file), ...unfinished.map((name) => join(folder, name))])
    rmSync(file, { force: true });
}

/** Both kinds, newest first. */
export function listBackups(ledgerFile: string): Backup[] {
  return [...named(ledgerFile, dailyName), ...named(ledgerFile, migrationName)].toSorted(newestFirst);
}

export function newestDailyBackup(ledgerFile: string): Backup | null {
  return named(ledgerFile, dailyName)[0] ?? null;
}

function named(ledgerFile: string, pattern: RegExp): Backup[] {
  const folder = backupFolderOf(ledgerFile);
  const backups = namesIn(folder).flatMap((name) => {
    const time = pattern.exec(name)?.[1];
    if (time === undefined) return [];
    const atMs = Date.parse(`${time.replace(/T(\d\d)-(\d\d)-(\d\d)$/, 'T$1:$2:$3')}Z`);
    return [{ file: join(folder, name), atMs }];
  });
  return backups.toSorted(newestFirst);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // No backup was ever made here. A folder that is there and cannot be read is an error of its own.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function newestFirst(a: Backup, b: Backup): number {
  return b.atMs - a.atMs;
}
