/**
 * Opens the ledger for an engine: two worker threads over one file, spoken to by name.
 * Promises: once it resolves the file is migrated, calls interrupted by a crash are settled, and both threads serve.
 * `close` writes everything handed over so far. Holds no SQL.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { Plan } from '../../shared/contract/settings.ts';
import type { PriceBookData } from '../../shared/pricing/price-book.ts';
import type { Clock } from '../system/clock.ts';
import { callWorker, type WorkerCalls } from '../system/worker-calls.ts';
import type { ReaderFunctions } from './reader-functions.ts';
import { createLedgerWriter, type LedgerWriter } from './writer.ts';
import type { WriterFunctions } from './writer-functions.ts';

export type LedgerRules = { readonly timeZone: string; readonly plan: Plan; readonly book: PriceBookData };
export type LedgerWorkerData = {
  readonly role: 'writer' | 'reader';
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
  readonly close: () => Promise<void>;
};

export type LedgerOptions = {
  readonly file: string;
  readonly rules: LedgerRules;
  readonly isDemo: boolean;
  readonly clock: Clock;
  /** Called when a worker thread dies: the engine cannot go on metering and must be restarted. */
  readonly onFatal: (error: Error) => void;
};

/** @throws AppError `ledger_unreadable`, or `home_mismatch` when demo data and real data would mix. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const writerThread = startThread('writer', options);
  const writer = createLedgerWriter(writerThread, options.clock);
  const { call: write } = callWorker<WriterFunctions>(writerThread);
  try {
    const { isDemo, rules, clock } = options;
    const { interruptedCalls } = await write('prepare', { isDemo, timeZone: rules.timeZone, nowMs: clock.nowMs() });
    const readerThread = startThread('reader', options);
    const { call: read } = callWorker<ReaderFunctions>(readerThread);
    let isClosing = false;
    for (const thread of [writerThread, readerThread]) {
      thread.on('error', (error: Error) => {
        if (!isClosing) options.onFatal(error);
      });
    }
    const close = async () => {
      isClosing = true;
      await writer.flush();
      await write('close', null);
      await Promise.all([writerThread.terminate(), readerThread.terminate()]);
    };
    return { writer, write, read, interruptedCalls, close };
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
