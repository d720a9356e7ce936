/**
 * Brings what is new in Claude Code's transcripts into the ledger, chunk by chunk. A file is noted as read after its calls are on the disk; what was read
 * and not noted is read again, which changes nothing (a message is one call). Reading goes on while the writer commits, which has one chunk at a time.
 */
import type { DayChange } from '../../shared/corrections.ts';
import type { TranscriptsResult } from '../../shared/contract/api.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import type { Ledger } from '../ledger/open.ts';
import type { TranscriptReading } from './read-in-thread.ts';
import type { TranscriptChunk } from './transcript-chunks.ts';
import type { IntakeDefaults } from './transcript-call.ts';
import type { TranscriptPlaces } from './transcript-files.ts';

export type ImportOptions = {
  readonly ledger: Pick<Ledger, 'read' | 'write'>;
  readonly book: () => PriceBook;
  readonly defaults: IntakeDefaults;
  readonly callsPerChunk: number;
  readonly onChanges: (changes: readonly DayChange[]) => void;
  readonly startReading: (places: TranscriptPlaces) => TranscriptReading;
};

/** @throws AppError `not_found` when the named folder holds no transcripts. */
export async function importTranscripts(places: TranscriptPlaces, options: ImportOptions): Promise<TranscriptsResult> {
  const reading = options.startReading(places);
  try {
    return await readAll(reading, options);
  } finally {
    await reading.end();
  }
}

async function readAll(reading: TranscriptReading, options: ImportOptions): Promise<TranscriptsResult> {
  const { ledger, defaults, callsPerChunk, onChanges } = options;
  const known = await ledger.read('intakeFiles', null);
  const sum = { ...nothing };
  const add = (part: Partial<TranscriptsResult>) => {
    for (const name of names) sum[name] += part[name] ?? 0;
  };

  async function write({ calls, read }: TranscriptChunk): Promise<void> {
    if (calls.count > 0) {
      const { changes, ...taken } = await ledger.write('takeIn', calls);
      add(taken);
      onChanges(changes);
    }
    if (read.length > 0) await ledger.write('noteFiles', read);
  }

  let underWay: Promise<void> = Promise.resolve();
  for await (const chunk of reading.chunks({ known, defaults, callsPerChunk }, options.book())) {
    add(chunk.tally);
    await underWay;
    underWay = write(chunk);
    // Its failure is told by the next turn or below; without this the process would end on it before.
    underWay.catch(() => {});
  }
  await underWay;
  return sum;
}

const nothing = {
  files: 0,
  newFiles: 0,
  unreadableFiles: 0,
  lines: 0,
  brokenLines: 0,
  recorded: 0,
  unpriced: 0,
  corrected: 0,
  unchanged: 0,
} satisfies TranscriptsResult;
const names = Object.keys(nothing) as (keyof typeof nothing)[];
