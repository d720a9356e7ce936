/**
 * Reads a request body whole, as the meter and the limits need it before the request leaves. Anthropic takes 32 MB (facts section 3);
 * what is larger is still passed on, up to the bound below, so that Anthropic says no and not we.
 */
import type { IncomingMessage } from 'node:http';

/** Beyond this a client is not speaking to Anthropic; the connection is cut instead of filling memory. */
const bodyBytesMax = 256 * 1024 * 1024;

/** Null when the client left, or was cut off, before the body was whole. */
export function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > bodyBytesMax) incoming.destroy();
    });
    incoming.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    incoming.on('close', () => resolve(null));
    // A reset while sending: `close` follows and resolves.
    incoming.on('error', () => {});
  });
}
