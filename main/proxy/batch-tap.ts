/**
 * Listens to answers of the batch API on their way through: what was submitted, how it stands, and the results, line by line. It copies; the client's
 * bytes do not know it exists. Results may be 256 MB, so they are read as they pass and only their counts are kept.
 * What fails in here reaches nobody: its batch stays among those that wait, on every screen, and is metered when its results are fetched again.
 */
import { readBatches, readBatchResult, type BatchFacts, type BatchResult } from '../../shared/batch.ts';
import { createDecoder, encodingOf, type Decoder } from './decode.ts';
import type { ForwardEnd, ForwardEvents } from './forward.ts';
import { headerOf } from './headers.ts';

export type BatchCallbacks = {
  readonly onBatches?: (batches: readonly BatchFacts[]) => void;
  readonly onResults?: (results: readonly BatchResult[]) => void;
  /** The results were read to their end; what cannot be read of them was passed over. */
  readonly onResultsEnd?: () => void;
};

export type BatchTap = {
  readonly start: (status: number, contentEncoding: string | null) => void;
  readonly write: (chunk: Buffer) => void;
  readonly end: (end: ForwardEnd) => Promise<void>;
};

/** An answer about batches is some kilobytes, a page of a thousand one megabyte. */
const answerBytesMax = 8 * 1024 * 1024;
/** A result holds a whole message; a line beyond this is passed over. */
const lineBytesMax = 64 * 1024 * 1024;
const resultsTogether = 200;

export function createBatchTap(kind: 'facts' | 'results', callbacks: BatchCallbacks): BatchTap {
  const reader = kind === 'facts' ? readFacts(callbacks) : readResults(callbacks);
  let encoding: string | null = null;
  let decoder: Decoder | null = null;
  let isListening = false;
  let isFirstChunk = true;
  let hasFailed = false;

  function guarded(run: () => void): void {
    try {
      run();
    } catch {
      hasFailed = true;
    }
  }

  function onFirstChunk(chunk: Buffer): void {
    isFirstChunk = false;
    const found = encodingOf(encoding, chunk);
    if (found !== null) decoder = createDecoder(found, reader.write, () => (hasFailed = true));
  }

  return {
    start: (status, contentEncoding) => {
      isListening = status >= 200 && status < 300;
      encoding = contentEncoding;
    },
    write: (chunk) => {
      if (!isListening || hasFailed) return;
      guarded(() => {
        if (isFirstChunk) onFirstChunk(chunk);
        (decoder ?? reader).write(chunk);
      });
    },
    end: async (end) => {
      if (!isListening) return;
      await decoder?.end();
      guarded(() => reader.end(end.kind === 'whole' && !hasFailed));
    },
  };
}

/** Listens to what `forward` passes on. */
export function tapEvents(tap: BatchTap): ForwardEvents {
  return {
    onResponse: (status, headers) => tap.start(status, headerOf(headers, 'content-encoding')),
    onChunk: (chunk) => {
      tap.write(chunk);
      return undefined;
    },
    onEnd: (end) => {
      void tap.end(end);
      return undefined;
    },
  };
}

type Reader = { readonly write: (chunk: Buffer) => void; readonly end: (isWhole: boolean) => void };

function readFacts({ onBatches }: BatchCallbacks): Reader {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
      if (bytes <= answerBytesMax) chunks.push(chunk);
      else chunks = [];
    },
    end: () => {
      const batches = readBatches(parse(Buffer.concat(chunks).toString('utf8')));
      if (batches.length > 0) onBatches?.(batches);
    },
  };
}

function readResults({ onResults, onResultsEnd }: BatchCallbacks): Reader {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let results: BatchResult[] = [];

  function onLine(line: Buffer): void {
    const result = readBatchResult(line.toString('utf8'));
    if (result) results.push(result);
    if (results.length >= resultsTogether) tell();
  }

  function tell(): void {
    if (results.length > 0) onResults?.(results);
    results = [];
  }

  return {
    write: (chunk) => {
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
        onLine(Buffer.concat([...rest, chunk.subarray(start, end)]));
        rest = [];
        restBytes = 0;
        start = end + 1;
      }
      restBytes += chunk.length - start;
      if (restBytes > lineBytesMax) rest = [];
      else if (start < chunk.length) rest.push(chunk.subarray(start));
    },
    end: (isWhole) => {
      // The last line may come without its line break.
      if (isWhole && rest.length > 0) onLine(Buffer.concat(rest));
      tell();
      if (isWhole) onResultsEnd?.();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No answer about batches: an error page of something in between.
    return null;
  }
}
