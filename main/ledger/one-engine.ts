/** One engine per home folder: two would write one ledger and send one outbox twice. */
import { AppError } from '../../shared/contract/errors.ts';
import { readEngineFile } from '../system/engine-file.ts';

/** @throws AppError `home_in_use` when another process's engine runs on this home folder. */
export function refuseSecondEngine(home: string, ownPid: number): void {
  const running = readEngineFile(home);
  if (running === null || running.pid === ownPid) return;
  throw new AppError(
    'home_in_use',
    `Tollkeeper already runs on this home folder (process ${running.pid}, ${running.dashboardUrl}).`,
    'Stop it first, or start this one with another --home.',
  );
}
