/**
 * Reads a request body as far as the meter and the limits need it before the request leaves: whole, up to Anthropic's own limit of 32 MB (facts
 * section 3). A larger one is not refused here: what has been read and what still comes pass on as a stream, unread by the meter, so that
 * Anthropic says no and not we. The same where all bodies together would hold more than memory has for them.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

export const inspectedBytesMax = 32 * 1024 * 1024;

/** What the bodies of all calls on their way may hold together: so many megabytes, not so many calls. */
export type BodyBudget = {
  /** False when there is no room for them. */
  readonly take: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
};

export function createBodyBudget(bytesMax: number): BodyBudget {
  let held = 0;
  return {
    take: (bytes) => {
      if (held + bytes > bytesMax) return false;
      held += bytes;
      return true;
    },
    release: (bytes) => {
      held -= bytes;
    },
  };
}

/** `heldBytes` were taken from the budget, for the caller to release when the call has ended. */
export type RequestBody = { readonly heldBytes: number } & (
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** More than can be inspected; `bytesSoFar` have come. */
  | { readonly kind: 'large'; readonly stream: Readable; readonly bytesSoFar: number }
);

/** Null when the client left before the body was whole, or before it was known to be large. */
export function readBody(incoming: IncomingMessage, budget: BodyBudget): Promise<RequestBody | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let heldBytes = 0;
    function onData(chunk: Buffer): void {
      chunks.push(chunk);
      if (heldBytes + chunk.length <= inspectedBytesMax && budget.take(chunk.length)) {
        heldBytes += chunk.length;
        return;
      }
      stop();
      const bytesSoFar = heldBytes + chunk.length;
      resolve({ kind: 'large', stream: streamBody(incoming, chunks), bytesSoFar, heldBytes });
    }
    function onEnd(): void {
      stop();
      const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      resolve({ kind: 'whole', bytes, heldBytes });
    }
    function onClose(): void {
      budget.release(heldBytes);
      resolve(null);
    }
    function stop(): void {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose);
    }
    incoming.on('data', onData).on('end', onEnd).on('close', onClose);
    // A reset while sending: `close` follows and resolves.
    incoming.on('error', () => {});
  });
}

/**
 * What has been read, then what still comes, at the pace of whoever reads it. Not `incoming` itself: when the upstream answers before it has taken
 * everything, undici destroys the body, and that must not take the client's socket and the answer along. What is left unread is discarded.
 */
export function streamBody(incoming: IncomingMessage, read: Buffer[] = []): Readable {
  const stream = new Readable({
    read: () => {
      if (read.length > 0) stream.push(read.shift());
      else incoming.resume();
    },
    destroy: (error, callback) => {
      incoming.off('data', onData);
      incoming.resume();
      callback(error);
    },
  });
  function onData(chunk: Buffer): void {
    if (!stream.push(chunk)) incoming.pause();
  }
  incoming.pause();
  incoming.on('data', onData);
  incoming.once('end', () => stream.push(null));
  incoming.once('close', () => {
    if (!incoming.complete) stream.destroy(new Error('the client left'));
  });
  incoming.on('error', () => {});
  return stream;
}
