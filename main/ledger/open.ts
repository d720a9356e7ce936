/**
 * Opens the ledger for an engine or a command: two worker threads over one file, spoken to by name, and a third while there is upkeep.
 * Promises: nobody else writes this home folder until `close`; once it resolves the file is sound or a sound one stands in its place, it is
 * migrated, calls interrupted by a crash are settled, and both threads serve. `close` writes everything handed over so far. Holds no SQL.
 */
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';

import type { Plan } from '../../shared/contract/plan.ts';
import type { PriceBookData } from '../../shared/pricing/price-book.ts';
import type { Clock } from '../system/clock.ts';
import type { HomeLock } from '../system/home-lock.ts';
import { startThread } from '../system/start-thread.ts';
import { callWorker, endThread, type WorkerCalls } from '../system/worker-calls.ts';
import type { ApplyAnswer } from './apply-settles.ts';
import { createCondition } from './condition.ts';
import { forgetLastDemo } from './forget-demo.ts';
import { holdLedger } from './hold-ledger.ts';
import { createJournal } from './journal.ts';
import type { KeeperFunctions } from './keeper-functions.ts';
import { engineName } from './one-engine.ts';
import type { ReaderFunctions } from './reader-functions.ts';
import { startUpkeep } from './upkeep.ts';
import { createLedgerWriter, type LedgerWriter } from './writer.ts';
import type { WriterFunctions } from './writer-functions.ts';

export type LedgerRules = { readonly timeZone: string; readonly plan: Plan; readonly book: PriceBookData };
export type LedgerWorkerData = {
  readonly role: 'writer' | 'reader' | 'keeper';
  readonly file: string;
  readonly rules: LedgerRules;
};

export type Ledger = {
  readonly writer: LedgerWriter;
  /** Named writes outside the way of a call: the outbox. */
  readonly write: WorkerCalls<WriterFunctions>['call'];
  readonly read: WorkerCalls<ReaderFunctions>['call'];
  /** Calls found in flight when the file was opened. */
  readonly interruptedCalls: number;
  /** What is missing from it or keeps rows from it, in one sentence; null while every call is written at once. */
  readonly gap: () => string | null;
  readonly close: () => Promise<void>;
};

export type LedgerOptions = {
  readonly file: string;
  readonly rules: LedgerRules;
  readonly isDemo: boolean;
  readonly clock: Clock;
  /** Who opens it, in words for whoever finds the folder taken; the engine when left out. */
  readonly purpose?: string;
  /** Something was wrong and was mended, or will be tried again: a sentence for people. */
  readonly onNotice?: (sentence: string) => void;
  /** Called when a worker thread dies: the engine cannot go on metering and must be restarted. */
  readonly onFatal: (error: Error) => void;
};

/** @throws AppError `home_in_use`, `ledger_unreadable`, or `home_mismatch` when demo data and real data would mix. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { file, clock, purpose = engineName, onNotice = () => {} } = options;
  const lock = holdLedger({ file, purpose, clock, onNotice });
  try {
    return await openHeld(options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openHeld(options: LedgerOptions, lock: HomeLock): Promise<Ledger> {
  const { file, isDemo, rules, clock, onNotice = () => {} } = options;
  const wasKilled = lock.killedHolder !== null;
  if (isDemo) forgetLastDemo(file, journalFolderOf(file));

  const writerThread = startLedgerThread('writer', options);
  const readerThread = startLedgerThread('reader', options);
  const { call: write } = callWorker<WriterFunctions>(writerThread);
  try {
    const nowMs = clock.nowMs();
    const journalFolder = journalFolderOf(file);
    const question = { isDemo, timeZone: rules.timeZone, nowMs, journalFolder };
    const { interruptedCalls, gaps } = await write('prepare', question);
    const { call: read } = callWorker<ReaderFunctions>(readerThread);
    const condition = createCondition({ file, gaps, clock, onNotice });
    const journal = createJournal({ folder: journalFolder, clock });
    const writer = createLedgerWriter({
      journal,
      clock,
      post: (apply) => writerThread.postMessage({ apply }),
      onAnswers: (take) =>
        writerThread.on('message', ({ applied }: { applied?: ApplyAnswer }) => {
          if (applied) take(applied);
        }),
      onDamage: condition.damaged,
    });
    let isClosing = false;
    for (const thread of [writerThread, readerThread]) {
      thread.on('error', (error: Error) => {
        if (!isClosing) options.onFatal(error);
      });
    }
    const openKeeper = () => {
      const thread = startLedgerThread('keeper', options);
      return { ask: callWorker<KeeperFunctions>(thread).call, end: () => endThread(thread) };
    };
    const onDamage = condition.damaged;
    const upkeep = startUpkeep({ file, wasKilled, hasBackups: !isDemo, clock, openKeeper, write, onNotice, onDamage });
    const close = async () => {
      isClosing = true;
      await upkeep.stop();
      await writer.flush();
      await journal.close();
      // The writer is the last to go: only then does SQLite bring the log into the file.
      await endThread(readerThread);
      await endThread(writerThread);
      lock.release();
    };
    return { writer, write, read, interruptedCalls, gap: () => condition.sentence(writer.trouble()), close };
  } catch (error) {
    await Promise.all([endThread(writerThread), endThread(readerThread)]);
    throw error;
  }
}

/** Beside the ledger's file, in the home folder. */
export function journalFolderOf(file: string): string {
  return join(dirname(file), 'journal');
}

/** What a thread handles is rows that live for a transaction; V8 would let their heap grow to 48 MB before it looks. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

function startLedgerThread(role: LedgerWorkerData['role'], { file, rules }: LedgerOptions): Worker {
  const workerData = { role, file, rules } satisfies LedgerWorkerData;
  return startThread(import.meta.url, 'worker', { name: `ledger ${role}`, workerData, resourceLimits });
}
