/**
 * The intake of an engine or of a command: usage that did not pass the proxy, one import at a time. Knows where to look and whom the calls belong to;
 * the rules stand in the files beside it.
 */
import type { BatchFacts, BatchResult } from '../../shared/batch.ts';
import type { LedgerImportResult, TranscriptsResult } from '../../shared/contract/api.ts';
import type { DayChange } from '../../shared/corrections.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import type { BatchSubmitter } from '../ledger/batches.ts';
import type { Ledger } from '../ledger/open.ts';
import type { Clock } from '../system/clock.ts';
import { noteBatches, takeInBatch, type BatchFetcher } from './batches.ts';
import { importLedger } from './import-ledger.ts';
import { importTranscripts, type ImportOptions } from './import-transcripts.ts';
import { startReading } from './read-in-thread.ts';
import type { IntakeDefaults } from './transcript-call.ts';
import type { TranscriptPlaces } from './transcript-files.ts';

export type Intake = {
  /** True when something of them is new that bears on what is reserved. */
  readonly batches: (batches: readonly BatchFacts[], submitter: BatchSubmitter | null) => Promise<boolean>;
  readonly batchResults: (batchId: string, results: readonly BatchResult[], fetcher: BatchFetcher) => Promise<void>;
  readonly batchMetered: (batchId: string) => Promise<void>;
  /** Resolves when every batch result handed over so far was written, or could not be. */
  readonly settled: () => Promise<void>;
  readonly transcripts: (places: TranscriptPlaces) => Promise<TranscriptsResult>;
  /** An export of a teammate's ledger, by its path. */
  readonly ledger: (path: string) => Promise<LedgerImportResult>;
};

export type IntakeOptions = {
  readonly ledger: Pick<Ledger, 'read' | 'write'>;
  readonly book: () => PriceBook;
  readonly callId: () => string;
  readonly clock: Clock;
  readonly settings: IntakeDefaults;
  readonly callsPerChunk: number;
  readonly onChanges: (changes: readonly DayChange[]) => void;
  /** Where reading was started ahead of an import; each starts its own else. */
  readonly startReading?: ImportOptions['startReading'];
};

/** Beside a running proxy: a begin waits for one chunk at most, some 20 ms. */
export const callsPerChunkBesideProxy = 400;
export const callsPerChunkAlone = 1_000;

export function createIntake({ settings, ...rest }: IntakeOptions): Intake {
  const { member, project, customer, customers } = settings;
  const defaults = { member, project, customer, customers };
  const options: ImportOptions = { startReading, ...rest, defaults };
  let last: Promise<unknown> = Promise.resolve();

  /** Two imports at once would read the same lines; the second waits and finds them read. */
  function afterLast<T>(run: () => Promise<T>): Promise<T> {
    const next = last.then(run, run);
    last = next.catch(() => null);
    return next;
  }

  /** The results of one batch follow one another: its end must not be noted before its last line. */
  let lastOfBatches: Promise<unknown> = Promise.resolve();
  function inOrder<Result>(run: () => Promise<Result>): Promise<Result> {
    const next = lastOfBatches.then(run, run);
    lastOfBatches = next.catch(() => null);
    return next;
  }

  const { ledger, clock } = rest;
  return {
    batches: (batches, submitter) => inOrder(() => noteBatches(ledger, clock.nowMs(), batches, submitter)),
    batchResults: (batchId, results, fetcher) =>
      inOrder(() => takeInBatch({ ...rest, nowMs: clock.nowMs() }, batchId, results, fetcher)),
    batchMetered: (id) => inOrder(() => ledger.write('noteMetered', { id, atMs: clock.nowMs() })),
    settled: () => lastOfBatches.then(() => {}),
    transcripts: (places) => afterLast(() => importTranscripts(places, options)),
    ledger: (path) => afterLast(() => importLedger(path, options)),
  };
}
