/**
 * Copies the chunks of an answer to the observer, decoded where needed. It may fail without touching the stream: whatever goes wrong in
 * here ends as a reason in the observation (`unreadable`), and the client's bytes do not know it exists.
 */
import { createDecoder, encodingOf, type Decoder } from './decode.ts';
import { createProgress, observeJson, observeStream, type Observer, type Progress } from './observe.ts';

export type Tap = {
  readonly progress: Progress;
  /** Says what the answer is, from its headers; before it, chunks are not expected. */
  readonly start: (contentType: string | null, contentEncoding: string | null) => void;
  /** Resolves when the chunk has been read; returns nothing when it has been already. */
  readonly write: (chunk: Buffer) => Promise<void> | undefined;
  /** Resolves when everything seen has been read; after it `progress` is final. */
  readonly end: () => Promise<void>;
};

export function createTap(): Tap {
  const progress = createProgress();
  let observer: Observer | null = null;
  let decoder: Decoder | null = null;
  let encodingHeader: string | null = null;
  let isFirstChunk = true;

  function guarded(run: () => void): void {
    if (progress.unreadable !== null) return;
    try {
      run();
    } catch (error) {
      progress.unreadable = `The answer could not be read: ${error instanceof Error ? error.message : String(error)}.`;
    }
  }

  function onFirstChunk(chunk: Buffer): void {
    isFirstChunk = false;
    const encoding = encodingOf(encodingHeader, chunk);
    if (encoding === null) return;
    decoder = createDecoder(
      encoding,
      (data) => guarded(() => observer?.write(data)),
      (error) => {
        progress.unreadable ??= `The answer is not valid ${encoding}: ${error.message}.`;
      },
    );
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
      guarded(() => {
        if (isFirstChunk) onFirstChunk(chunk);
        if (decoder) read = decoder.write(chunk);
        else observer?.write(chunk);
      });
      return read;
    },
    end: async () => {
      if (decoder) await decoder.end();
      guarded(() => observer?.end());
    },
  };
}
