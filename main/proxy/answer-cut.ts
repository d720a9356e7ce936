/**
 * Cutting a running stream (setting `cutsMidStream`): asks behind every chunk whether it is to be cut, and says with which last words, so that its client has
 * whole events and then ours. A stream that passes, then
 *
 *   asked for and behind a whole event → ending, while the words of a compressed stream are made and read as a last block of its encoding
 *   (stream-ending.ts) and no further chunk may pass → ends with those words.
 *   asked for and not there for a while, or in an encoding that cannot be ended → its connection is cut: the spending stops whatever the stream is like.
 *
 * Nothing of it runs where cutting is off.
 */
import type { LastWords } from './forward.ts';
import type { Tap } from './tap.ts';

export type AnswerCut = {
  /** Of each chunk: resolves when it has been read and asked about; returns nothing when it has been already. */
  readonly considered: (read: Promise<void> | undefined) => Promise<void> | undefined;
  /** Null: it goes on. */
  readonly lastWords: () => LastWords | null;
  /** It is cut behind the chunks it has: nothing more of it may be read or passed. */
  readonly isEnding: () => boolean;
};

/** A server flushes behind each event; one that never does is given up after so many chunks that cost too much already. */
const patienceChunks = 50;

export function createAnswerCut(tap: Tap, ask: () => string | null): AnswerCut {
  let lastWords: LastWords | null = null;
  let chunksTooMany = 0;
  let chunksUnread = 0;
  let isEnding = false;

  /** The text to end with, as soon as there is a place for it. */
  function wanted(isBehindEvent: boolean): string | null {
    if (isEnding || tap.progress.isWhole) return null;
    const text = ask();
    if (text === null || isBehindEvent) return text;
    chunksTooMany += 1;
    if (chunksTooMany > patienceChunks) endWith({ kind: 'none' });
    return null;
  }

  async function considerDecoded(read: Promise<void>): Promise<void> {
    chunksUnread += 1;
    await read;
    chunksUnread -= 1;
    // Behind a chunk that others follow already there is no place for words.
    const text = wanted(chunksUnread === 0 && tap.isBehindEvent());
    if (text === null) return;
    isEnding = true;
    const bytes = await tap.endWith(Buffer.from(text));
    endWith(bytes === null ? { kind: 'none' } : { kind: 'words', bytes });
  }

  function endWith(words: LastWords): void {
    isEnding = true;
    lastWords = words;
  }

  return {
    considered: (read) => {
      if (read !== undefined) return considerDecoded(read);
      const text = wanted(tap.isBehindEvent());
      if (text !== null) endWith({ kind: 'words', bytes: Buffer.from(text) });
      return undefined;
    },
    lastWords: () => lastWords,
    isEnding: () => isEnding,
  };
}
