/**
 * Reads transcripts in a thread of its own: beside a proxy, whose loop must wait for no disk and no parser, and beside the writing of a command, which
 * takes as long as the reading. The thread ends with the import.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import { dataOf, type PriceBook } from '../../shared/pricing/price-book.ts';
import { callWorker } from '../system/worker-calls.ts';
import type { ChunkQuestion, TranscriptChunk } from './transcript-chunks.ts';
import type { TranscriptThreadData, TranscriptThreadFunctions } from './transcript-thread.ts';

/** Room for the young: what a chunk is made of lives as long as the chunk, and is else copied over and over by the collector. */
const resourceLimits = { maxYoungGenerationSizeMb: 64 };

/** @throws AppError `not_found` when the named folder holds no transcripts. */
export async function* readInThread(question: ChunkQuestion, book: PriceBook): AsyncGenerator<TranscriptChunk> {
  // The thread stands beside this file, as source (.ts) or built (.js).
  const entry = new URL(`./transcript-thread${extname(import.meta.url)}`, import.meta.url);
  const data: TranscriptThreadData = { question, book: dataOf(book) };
  const thread = new Worker(entry, { name: 'transcripts', workerData: data, resourceLimits });
  const { call } = callWorker<TranscriptThreadFunctions>(thread);
  try {
    for (let next = call('nextChunk', null); ;) {
      const chunk = await next;
      if (chunk === null) return;
      // Read on while this one is written.
      next = call('nextChunk', null);
      next.catch(() => {});
      yield chunk;
    }
  } finally {
    await thread.terminate();
  }
}
