/**
 * The entry of the thread that reads transcripts beside a proxy: listing, reading, parsing and pricing hold up no call. Lives for one import and hands
 * over a chunk when it is asked for one, so that no more are in memory than were asked for.
 */
import assert from 'node:assert/strict';
import { parentPort } from 'node:worker_threads';

import { createPriceBook, type PriceBookData } from '../../shared/pricing/price-book.ts';
import { systemIds } from '../system/ids.ts';
import { answerCall } from '../system/worker-calls.ts';
import { transcriptChunks, type ChunkQuestion, type TranscriptChunk } from './transcript-chunks.ts';
import { transcriptFiles, transcriptRoots, type TranscriptPlaces } from './transcript-files.ts';

export type Beginning = { readonly question: ChunkQuestion; readonly book: PriceBookData };

export type TranscriptThreadFunctions = {
  readonly list: (places: TranscriptPlaces) => void;
  /** Of the transcripts that were listed. */
  readonly begin: (beginning: Beginning) => void;
  /** Null when there are no more. */
  readonly nextChunk: (none: null) => TranscriptChunk | null;
};

assert(parentPort, 'the transcripts are read in a worker thread');
const port = parentPort;
let paths: readonly string[] = [];
let chunks: Generator<TranscriptChunk> | null = null;
const functions: TranscriptThreadFunctions = {
  list: (places) => {
    paths = transcriptFiles(transcriptRoots(places));
  },
  begin: ({ question, book: data }) => {
    const book = createPriceBook(data);
    chunks = transcriptChunks(paths, question, { book: () => book, callId: systemIds.callId });
  },
  nextChunk: () => {
    assert(chunks, 'reading begins before the first chunk');
    const next = chunks.next();
    return next.done === true ? null : next.value;
  },
};
port.on('message', (message: unknown) => void answerCall(port, functions, message));
