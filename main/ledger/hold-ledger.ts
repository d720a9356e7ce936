/**
 * What comes before a ledger is opened for writing, by an engine or by a command: nobody else writes this home folder until the lock is released, and the
 * file is sound or a sound one stands in its place.
 */
import { dirname } from 'node:path';

import type { Clock } from '../system/clock.ts';
import type { HomeLock } from '../system/home-lock.ts';
import { holdHome } from './one-engine.ts';
import { rescueLedger } from './rescue.ts';

export type HoldOptions = {
  readonly file: string;
  /** Who opens it, in words for whoever finds the folder taken. */
  readonly purpose: string;
  readonly clock: Clock;
  /** Something was wrong and was mended: a sentence for people. */
  readonly onNotice: (sentence: string) => void;
};

/** @throws AppError `home_in_use` or `ledger_unreadable`; the lock is not held then. */
export function holdLedger({ file, purpose, clock, onNotice }: HoldOptions): HomeLock {
  const lock = holdHome(dirname(file), purpose, clock.nowMs());
  try {
    const rescued = rescueLedger(file, { wasKilled: lock.killedHolder !== null, nowMs: clock.nowMs() });
    if (rescued !== null) onNotice(rescued);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}
