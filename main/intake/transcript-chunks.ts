/**
 * Transcripts on the disk → calls, in chunks of bounded size for one transaction each: files → last states → priced calls. A file is named as read with
 * the chunk that holds its last call, so it can never be noted before its calls. Blocks while it works; writes nothing.
 */
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import type { IntakeFile } from '../ledger/intake-files.ts';
import { createPacking, type PackedCalls } from '../ledger/packed-calls.ts';
import { transcriptCall, type IntakeDefaults } from './transcript-call.ts';
import { keepLater, readTranscript, type TranscriptMessage } from './transcript-lines.ts';
import { createReadNews } from './transcript-news.ts';

export type ChunkQuestion = {
  readonly known: readonly IntakeFile[];
  readonly defaults: IntakeDefaults;
  /** Calls that share one transaction: few beside a running proxy, many when nothing else writes. */
  readonly callsPerChunk: number;
};

/** What was found since the chunk before. */
export type ChunkTally = {
  readonly files: number;
  readonly newFiles: number;
  readonly unreadableFiles: number;
  readonly lines: number;
  readonly brokenLines: number;
};

export type TranscriptChunk = {
  readonly calls: PackedCalls;
  /** To be noted when the calls are on the disk. */
  readonly read: readonly IntakeFile[];
  readonly tally: ChunkTally;
};

export type ChunkParts = { readonly book: () => PriceBook; readonly callId: () => string };

const nothingFound = { files: 0, newFiles: 0, unreadableFiles: 0, lines: 0, brokenLines: 0 };

/** The last chunk may hold no calls. */
export function* transcriptChunks(
  paths: readonly string[],
  question: ChunkQuestion,
  { book, callId }: ChunkParts,
): Generator<TranscriptChunk> {
  const readNews = createReadNews();
  const known = new Map(question.known.map((file) => [file.path, file]));
  const tally = { ...nothingFound, files: paths.length };
  const packing = createPacking();
  let read: IntakeFile[] = [];

  function cut(): TranscriptChunk {
    const chunk = { calls: packing.take(), read, tally: { ...tally } };
    read = [];
    Object.assign(tally, nothingFound);
    return chunk;
  }

  for (const path of paths) {
    const states = new Map<string, TranscriptMessage>();
    const news = readNews(path, known.get(path), (text) => {
      const part = readTranscript(text);
      tally.lines += part.lines;
      tally.brokenLines += part.brokenLines;
      for (const message of part.messages) keepLater(states, message);
    });
    if (news.kind === 'unreadable') tally.unreadableFiles += 1;
    if (news.kind !== 'read') continue;
    tally.newFiles += 1;
    for (const message of states.values()) {
      if (packing.count() >= question.callsPerChunk) yield cut();
      packing.add(transcriptCall(callId(), message, question.defaults, book()));
    }
    read.push(news.file);
  }
  yield cut();
}
