/**
 * Opens the ledger for an engine or a command: two worker threads over one file, spoken to by name, and a third while there is upkeep.
 * Promises: nobody else writes this home folder until `close`; once it resolves the file is sound or a sound one stands in its place, it is
 * migrated, calls interrupted by a crash are settled, and both threads serve. `close` writes everything handed over so far. Holds no SQL.
 */
import { dirname, extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { Plan } from '../../shared/contract/settings.ts';
import type { PriceBookData } from '../../shared/pricing/price-book.ts';
import type { Clock } from '../system/clock.ts';
import type { HomeLock } from '../system/home-lock.ts';
import { callWorker, type WorkerCalls } from '../system/worker-calls.ts';
import { createCondition } from './condition.ts';
import { forgetLastDemo } from './forget-demo.ts';
import type { KeeperFunctions } from './keeper-functions.ts';
import { engineName, holdHome } from './one-engine.ts';
import type { ReaderFunctions } from './reader-functions.ts';
import { rescueLedger } from './rescue.ts';
import { openSettleNotes, readSettleNotes } from './settle-notes.ts';
import { startUpkeep } from './upkeep.ts';
import { createLedgerWriter, type LedgerWriter } from './writer.ts';
import type { WriterFunctions } from './writer-functions.ts';

export type LedgerRules = { readonly timeZone: string; readonly plan: Plan; readonly book: PriceBookData };
export type LedgerWorkerData = {
  readonly role: 'writer' | 'reader' | 'keeper';
  readonly file: string;
  readonly rules: LedgerRules;
};

/** Every thread closes its file when it is asked to, and ends. */
export type ClosingFunctions = { close: (none: null) => void };

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
  const { file, clock, purpose = engineName } = options;
  const lock = holdHome(dirname(file), purpose, clock.nowMs());
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
  const rescued = rescueLedger(file, { wasKilled, nowMs: clock.nowMs() });
  if (rescued !== null) onNotice(rescued);
  if (isDemo) forgetLastDemo(file);

  const writerThread = startThread('writer', options);
  const { call: write } = callWorker<WriterFunctions>(writerThread);
  try {
    const nowMs = clock.nowMs();
    const question = { isDemo, timeZone: rules.timeZone, nowMs, notes: readSettleNotes(file) };
    const { interruptedCalls, gaps } = await write('prepare', question);
    const notes = openSettleNotes(file);
    const readerThread = startThread('reader', options);
    const { call: read } = callWorker<ReaderFunctions & ClosingFunctions>(readerThread);
    const condition = createCondition({ file, gaps, clock, onNotice });
    const writer = createLedgerWriter(writerThread, clock, notes, condition.damaged);
    let isClosing = false;
    for (const thread of [writerThread, readerThread]) {
      thread.on('error', (error: Error) => {
        if (!isClosing) options.onFatal(error);
      });
    }
    const openKeeper = () => {
      const thread = startThread('keeper', options);
      const { call: ask } = callWorker<KeeperFunctions & ClosingFunctions>(thread);
      return { ask, end: () => endThread(thread, ask) };
    };
    const onDamage = condition.damaged;
    const upkeep = startUpkeep({ file, wasKilled, hasBackups: !isDemo, clock, openKeeper, write, onNotice, onDamage });
    const close = async () => {
      isClosing = true;
      await upkeep.stop();
      await writer.flush();
      await notes.close(writer.trouble() === null);
      // The writer is the last to go: only then does SQLite bring the log into the file.
      await endThread(readerThread, read);
      await endThread(writerThread, write);
      lock.release();
    };
    return { writer, write, read, interruptedCalls, gap: () => condition.sentence(writer.trouble()), close };
  } catch (error) {
    await writerThread.terminate();
    throw error;
  }
}

/** The worker stands beside this file, as source (.ts) or built (.js). */
function startThread(role: LedgerWorkerData['role'], { file, rules }: LedgerOptions): Worker {
  const entry = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
  return new Worker(entry, { name: `ledger ${role}`, workerData: { role, file, rules } satisfies LedgerWorkerData });
}

/** `close` is answered and the thread ends behind it. @throws Error when it has died before. */
async function endThread(thread: Worker, close: WorkerCalls<ClosingFunctions>['call']): Promise<void> {
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  await close('close', null);
  await ended;
}
