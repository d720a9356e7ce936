/**
 * Puts chunks of an answer together that came with one read of the socket: a fast upstream frames each event of a stream by itself, and writing two hundred
 * frames costs a multiple of writing one. Promises that every byte is handed on in order and within the turn in which it came: nothing waits for
 * what has not arrived. The last chunk stays by itself, since it may be the end that an answer keeps back until its call is settled.
 * A fault of whoever takes a chunk later in the turn, when no connection stands above it to catch it, goes to `onFault` and never to the process.
 */
export type GatheredChunks = {
  readonly add: (chunk: Buffer) => void;
  /** Hands on what has gathered, before anything is said that comes behind it. */
  readonly flush: () => void;
};

/** What one read of a socket brings; more is handed on at once. */
const gatheredBytesMax = 64 * 1024;

export function gatherChunks(deliver: (chunk: Buffer) => void, onFault: (error: Error) => void): GatheredChunks {
  let chunks: Buffer[] = [];
  let bytes = 0;

  function flush(): void {
    const last = chunks.pop();
    if (last === undefined) return;
    const earlier = chunks;
    chunks = [];
    bytes = 0;
    const [first] = earlier;
    if (first !== undefined) deliver(earlier.length === 1 ? first : Buffer.concat(earlier));
    deliver(last);
  }

  function flushLater(): void {
    try {
      flush();
    } catch (error) {
      onFault(error instanceof Error ? error : new Error(String(error)));
    }
  }

  return {
    flush,
    add: (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= gatheredBytesMax) flush();
      else if (chunks.length === 1) queueMicrotask(flushLater);
    },
  };
}
