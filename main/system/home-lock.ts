/**
 * The lock of a home folder: one writer at a time. Two files, of which the first decides.
 *
 * `lock.sqlite` is never written: its holder keeps it in an exclusive transaction, which is a lock of the kernel's. The kernel gives it to exactly
 * one of any number that ask at once, and takes it back when the process ends, however it ends; so it cannot be stale, and a process id that
 * was given out again cannot hold it. Nothing else may open that file: closing it anywhere in the process would let the lock go (POSIX).
 * `lock.json` tells people who holds it: process id, start of that process, purpose. Found beside a free lock it means that the last holder
 * was killed. It also guards against a `lock.sqlite` that somebody deleted: a holder that still runs is believed. Whether it runs is told by its id and
 * its start (Linux: boot and field 22 of /proc/PID/stat); where the start cannot be read (macOS, Windows) the kernel's lock alone decides.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { takeFileLock } from './db.ts';
import { isSameProcess, processStart } from './process-start.ts';

export type LockHolder = {
  readonly pid: number;
  /** Null where it cannot be read. */
  readonly processStart: string | null;
  /** In words for people: "the engine", "import". */
  readonly purpose: string;
  readonly sinceMs: number;
};

export type HomeLock = {
  /** Who held it last and was killed; null when the last one let it go. */
  readonly killedHolder: LockHolder | null;
  /** May be called more than once. */
  readonly release: () => void;
};

export type LockAnswer =
  | { readonly kind: 'held'; readonly lock: HomeLock }
  /** The holder is null while it has taken the lock and not said its name yet. */
  | { readonly kind: 'taken'; readonly holder: LockHolder | null };

export const lockFileName = 'lock.sqlite';
export const lockHolderFileName = 'lock.json';

/** @throws the file system's error when the folder cannot be written. */
export function takeHomeLock(home: string, purpose: string, nowMs: number): LockAnswer {
  const letGo = takeFileLock(join(home, lockFileName));
  const last = readLockHolder(home);
  if (letGo === null) return { kind: 'taken', holder: last !== null && runs(last) ? last : null };
  if (last !== null && last.pid !== process.pid && last.processStart !== null && runs(last)) {
    letGo();
    return { kind: 'taken', holder: last };
  }
  try {
    writeHolder(home, { pid: process.pid, processStart: processStart(process.pid), purpose, sinceMs: nowMs });
  } catch (error) {
    letGo();
    throw error;
  }
  let isHeld = true;
  const release = () => {
    if (!isHeld) return;
    isHeld = false;
    rmSync(join(home, lockHolderFileName), { force: true });
    letGo();
  };
  return { kind: 'held', lock: { killedHolder: last, release } };
}

/** What the file says, whether its process runs or not. Null when there is none, or one cut short by a crash. */
export function readLockHolder(home: string): LockHolder | null {
  try {
    return JSON.parse(readFileSync(join(home, lockHolderFileName), 'utf8')) as LockHolder;
  } catch {
    return null;
  }
}

function runs(holder: LockHolder): boolean {
  return isSameProcess(holder.pid, holder.processStart);
}

/** Whole or not at all: it is read while it is written. */
function writeHolder(home: string, holder: LockHolder): void {
  const file = join(home, lockHolderFileName);
  writeFileSync(`${file}.new`, JSON.stringify(holder), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
