/**
 * The upkeep of a ledger in use, on a thread of its own that lives only while there is something to do: a look at what the last run touched, if it was
 * killed, and a backup a day. It never holds up a start, a call or a screen. What it finds is told, never only logged by itself.
 */
import type { Clock, Timer } from '../system/clock.ts';
import type { WorkerCalls } from '../system/worker-calls.ts';
import { newestDailyBackup } from './backups.ts';
import type { BackupResult } from './make-backup.ts';
import type { KeeperFunctions } from './keeper-functions.ts';
import type { WriterFunctions } from './writer-functions.ts';

export type Keeper = {
  readonly ask: WorkerCalls<KeeperFunctions>['call'];
  readonly end: () => Promise<unknown>;
};

export type UpkeepOptions = {
  readonly file: string;
  readonly wasKilled: boolean;
  /** A demo's ledger is forgotten at the next one. */
  readonly hasBackups: boolean;
  readonly clock: Clock;
  readonly openKeeper: () => Keeper;
  readonly write: WorkerCalls<WriterFunctions>['call'];
  /** A sentence for people. */
  readonly onNotice: (sentence: string) => void;
  readonly onDamage: (reason: string) => void;
};

export type Upkeep = { readonly stop: () => Promise<void> };

/** The first look waits until the start is over. */
const firstLookMs = 10_000;
const lookEveryMs = 10 * 60_000;
const backupEveryMs = 86_400_000;

export function startUpkeep(options: UpkeepOptions): Upkeep {
  const { clock, file } = options;
  let timer: Timer | null = clock.after(firstLookMs, look);
  let isStopped = false;
  let hasChecked = !options.wasKilled;
  let lastMade: { readonly atMs: number; readonly monotonicMs: number } | null = null;
  let running: Promise<void> = Promise.resolve();

  function look(): void {
    timer = null;
    running = work().then(() => {
      if (!isStopped) timer = clock.after(lookEveryMs, look);
    });
  }

  async function work(): Promise<void> {
    const isBackupDue = options.hasBackups && isDue();
    if (hasChecked && !isBackupDue) return;
    const keeper = options.openKeeper();
    try {
      if (!hasChecked) await checkLastRun(keeper, options);
      hasChecked = true;
      if (isBackupDue) await backUp(keeper);
    } catch (error) {
      // The next look tries again.
      options.onNotice(`The upkeep of the ledger failed: ${wordsOf(error)}. It is tried again.`);
    } finally {
      // One that could not even open the file has ended, and said why.
      await keeper.end().catch(() => {});
    }
  }

  /** By either clock: the machine's may be set back, the other one stands still while a laptop sleeps. */
  function isDue(): boolean {
    const ageMs = (atMs: number) => clock.nowMs() - atMs;
    if (lastMade !== null)
      return ageMs(lastMade.atMs) >= backupEveryMs || clock.monotonicMs() - lastMade.monotonicMs >= backupEveryMs;
    const newest = newestDailyBackup(file);
    return newest === null || ageMs(newest.atMs) >= backupEveryMs || ageMs(newest.atMs) < 0;
  }

  async function backUp({ ask }: Keeper): Promise<void> {
    const result: BackupResult = await ask('backUp', { nowMs: clock.nowMs() });
    lastMade = { atMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    if (result.kind === 'damaged') options.onDamage(result.reason);
  }

  return {
    stop: async () => {
      isStopped = true;
      timer?.cancel();
      // What is under way is finished: a backup of a large ledger takes seconds, and is whole or not there.
      await running;
    },
  };
}

async function checkLastRun({ ask }: Keeper, { write, onNotice, onDamage }: UpkeepOptions): Promise<void> {
  const fault = await ask('firstFault', null);
  if (fault !== null) return onDamage(fault);
  const differences = await ask('recentDifferences', null);
  if (differences.days.length + differences.events.length === 0) return;
  for (const sentence of await write('mendDifferences', differences)) onNotice(sentence);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
