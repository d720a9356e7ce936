/**
 * One writer per home folder: two engines would write one ledger and send one outbox twice. Whoever opens the ledger for writing, an engine or a
 * command, holds the folder's lock until it has closed it; the loser is told who holds it and what to do.
 */
import { AppError } from '../../shared/contract/errors.ts';
import { takeHomeLock, type HomeLock, type LockHolder } from '../system/home-lock.ts';

export const engineName = 'the engine';

/** @throws AppError `home_in_use` when another process holds it, `ledger_unreadable` when the folder cannot be written. */
export function holdHome(home: string, purpose: string, nowMs: number): HomeLock {
  const answer = tryToHold(home, purpose, nowMs);
  if (answer.kind === 'held') return answer.lock;
  throw takenError(answer.holder);
}

function tryToHold(home: string, purpose: string, nowMs: number) {
  try {
    return takeHomeLock(home, purpose, nowMs);
  } catch (error) {
    throw new AppError(
      'ledger_unreadable',
      `The home folder ${home} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
      'Make room on its disk and the folder writable for this user, or name another with --home.',
      error,
    );
  }
}

function takenError(holder: LockHolder | null): AppError {
  if (holder === null) {
    const sentence = 'Another Tollkeeper is starting on this home folder.';
    return new AppError('home_in_use', sentence, 'Try again in a moment, or name another with --home.');
  }
  const { pid, purpose, sinceMs } = holder;
  const since = new Date(sinceMs).toISOString();
  if (purpose === engineName) {
    return new AppError(
      'home_in_use',
      `Tollkeeper already runs on this home folder (process ${pid}, since ${since}).`,
      'Stop it first, or start this one with another --home.',
    );
  }
  return new AppError(
    'home_in_use',
    `\`tollkeeper ${purpose}\` is writing this home folder's ledger (process ${pid}, since ${since}).`,
    'Wait until it is done and try again, or name another with --home.',
  );
}
