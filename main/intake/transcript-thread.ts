/**
 * The entry of the thread that reads transcripts beside a proxy: listing, reading, parsing and pricing hold up no call. Lives for one import and hands
 * over a chunk when it is asked for one, so that never more than two are in memory.
 */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';

import { createPriceBook, type PriceBookData } from '../../shared/pricing/price-book.ts';
import { systemIds } from '../system/ids.ts';
import { answerCall } from '../system/worker-calls.ts';
import { transcriptChunks, type ChunkQuestion, type TranscriptChunk } from './transcript-chunks.ts';

export type TranscriptThreadData = { readonly question: ChunkQuestion; readonly book: PriceBookData };

export type TranscriptThreadFunctions = {
  /** Null when there are no more. */
  readonly nextChunk: (none: null) => TranscriptChunk | null;
};

assert(parentPort, 'the transcripts are read in a worker thread');
const port = parentPort;
const { question, book: data } = workerData as TranscriptThreadData;
const book = createPriceBook(data);
const chunks = transcriptChunks(question, { book: () => book, callId: systemIds.callId });
const functions: TranscriptThreadFunctions = {
  nextChunk: () => {
    const next = chunks.next();
    return next.done === true ? null : next.value;
  },
};
port.on('message', (message: unknown) => void answerCall(port, functions, message));
