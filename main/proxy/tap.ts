/**
 * Copies the chunks of an answer to the observer, decoded where needed. It may fail without touching the stream: whatever goes wrong in
 * here ends as a reason in the observation (`unreadable`), and the client's bytes do not know it exists.
 * Of a stream that may be cut it also knows where one may end, and the bytes that end it there.
 */
import { createDecoder, encodingOf, type Decoder } from './decode.ts';
import { createProgress, observeJson, observeStream, type Observer, type Progress } from './observe.ts';
import { createStreamEnding, tailOf, type StreamEnding } from './stream-ending.ts';

export type Tap = {
  readonly progress: Progress;
  /** Says what the answer is, from its headers; before it, chunks are not expected. */
  readonly start: (contentType: string | null, contentEncoding: string | null) => void;
  /** Resolves when the chunk has been read; returns nothing when it has been already. */
  readonly write: (chunk: Buffer) => Promise<void> | undefined;
  /** Resolves when everything seen has been read; returns nothing when it has been already. After it `progress` is final. */
  readonly end: () => Promise<void> | undefined;
  /** The last chunk ended a whole event. Of a tap that is cuttable. */
  readonly isBehindEvent: () => boolean;
  /**
   * The bytes that end the answer here with this text, in its encoding; they have been read, and gave that text. Null where it cannot be ended here. Nothing
   * is read after it.
   */
  readonly endWith: (text: Buffer) => Promise<Buffer | null>;
};

/** `isCuttable`: somebody may ask where the stream can be ended. */
export function createTap({ isCuttable = false } = {}): Tap {
  const progress = createProgress();
  let observer: Observer | null = null;
  let decoder: Decoder | null = null;
  let ending: StreamEnding | null = null;
  let encodingHeader: string | null = null;
  let isFirstChunk = true;
  /** Of the text of the stream, and whether the last chunk brought any. */
  let tail: Buffer = Buffer.alloc(0);
  let hasGrown = false;
  /** Our own last words, as they come back from the decoder. */
  let ownWords: Buffer[] | null = null;
  let isBroken = false;

  function guarded(run: () => void): void {
    if (progress.unreadable !== null) return;
    try {
      run();
    } catch (error) {
      progress.unreadable = `The answer could not be read: ${error instanceof Error ? error.message : String(error)}.`;
    }
  }

  function onData(data: Buffer): void {
    if (ownWords !== null) return void ownWords.push(data);
    if (isCuttable) noteText(data);
    guarded(() => observer?.write(data));
  }

  function noteText(data: Buffer): void {
    hasGrown = true;
    tail = tailOf(tail, data);
    ending?.decoded(data);
  }

  function onFirstChunk(chunk: Buffer): void {
    isFirstChunk = false;
    const encoding = encodingOf(encodingHeader, chunk);
    if (encoding === null) return;
    if (isCuttable) ending = createStreamEnding(encoding);
    decoder = createDecoder(encoding, onData, (error) => {
      isBroken = true;
      if (ownWords === null) progress.unreadable ??= `The answer is not valid ${encoding}: ${error.message}.`;
    });
  }

  return {
    progress,
    start: (contentType, contentEncoding) => {
      const isStream = contentType !== null && /^text\/event-stream\b/i.test(contentType.trim());
      observer = isStream ? observeStream(progress) : observeJson(progress);
      encodingHeader = contentEncoding;
    },
    write: (chunk) => {
      let read: Promise<void> | undefined;
      hasGrown = false;
      guarded(() => {
        if (isFirstChunk) onFirstChunk(chunk);
        ending?.passed(chunk);
        if (decoder) read = decoder.write(chunk);
        else onData(chunk);
      });
      return read;
    },
    end: () => {
      const endRead = () => guarded(() => observer?.end());
      if (decoder) return decoder.end().then(endRead);
      endRead();
      return undefined;
    },
    isBehindEvent: () => hasGrown && eventEnds.some((end) => tail.subarray(-end.length).equals(end)),
    endWith: async (text) => {
      if (decoder === null) return text;
      const bytes = isBroken ? null : (ending?.with(text) ?? null);
      if (bytes === null) return null;
      ownWords = [];
      await decoder.write(bytes);
      await decoder.end();
      return isBroken || !Buffer.concat(ownWords).equals(text) ? null : bytes;
    },
  };
}

const eventEnds = [Buffer.from('\n\n'), Buffer.from('\r\n\r\n')];
