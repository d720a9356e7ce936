/**
 * Reads transcripts in a thread of its own: beside a proxy, whose loop must wait for no disk and no parser, and beside the writing of a command, which
 * takes as long as the reading. The thread ends with the import.
 */
import { dataOf, type PriceBook } from '../../shared/pricing/price-book.ts';
import { startThread } from '../system/start-thread.ts';
import { callWorker } from '../system/worker-calls.ts';
import type { ChunkQuestion, TranscriptChunk } from './transcript-chunks.ts';
import type { TranscriptPlaces } from './transcript-files.ts';
import type { TranscriptThreadFunctions } from './transcript-thread.ts';

/** Room for the young: what a chunk is made of lives as long as the chunk, and is else copied over and over by the collector. */
const resourceLimits = { maxYoungGenerationSizeMb: 64 };

/**
 * Chunks that are asked for before they are needed: reading goes on while the writer commits, which takes as long as some chunks do, and what waits
 * stays bounded.
 */
const chunksAhead = 4;

export type TranscriptReading = {
  /** Once. @throws AppError `not_found` when the named folder holds no transcripts. */
  readonly chunks: (question: ChunkQuestion, book: PriceBook) => AsyncGenerator<TranscriptChunk>;
  readonly end: () => Promise<void>;
};

/**
 * A thread takes a moment to come up and to find the transcripts; whoever has other things to do before it asks for the first ones starts it ahead. To be
 * ended by who started it.
 */
export function startReading(places: TranscriptPlaces): TranscriptReading {
  const thread = startThread(import.meta.url, 'transcript-thread', { name: 'transcripts', resourceLimits });
  const { call } = callWorker<TranscriptThreadFunctions>(thread);
  const listed = call('list', places);
  listed.catch(() => {});

  async function* chunks(question: ChunkQuestion, book: PriceBook): AsyncGenerator<TranscriptChunk> {
    await listed;
    await call('begin', { question, book: dataOf(book) });
    const asked = Array.from({ length: chunksAhead }, ask);
    for (;;) {
      const chunk = await asked.shift();
      if (!chunk) return;
      asked.push(ask());
      yield chunk;
    }
  }

  function ask(): Promise<TranscriptChunk | null> {
    const next = call('nextChunk', null);
    // A failure is told by its turn, or not at all where an earlier one ended the reading.
    next.catch(() => {});
    return next;
  }

  return { chunks, end: async () => void (await thread.terminate()) };
}
