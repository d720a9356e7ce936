/** HTTP by hand for tests that look at bytes: node:http without an agent, so that nothing is decoded, retried or merged. */
import { request, type IncomingMessage } from 'node:http';

export type RawAnswer = {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly trailers: readonly string[];
};

export type RawRequest = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | readonly string[];
  readonly body?: Buffer | string;
  readonly isChunked?: boolean;
};

export function openRaw(
  url: string,
  { method = 'GET', headers = {}, body, isChunked = false }: RawRequest = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: headers as Record<string, string>, agent: false }, resolve);
    outgoing.on('error', reject);
    if (body === undefined) return outgoing.end();
    // Node frames the body of a DELETE or OPTIONS only when it is told how.
    if (isChunked) outgoing.setHeader('transfer-encoding', 'chunked');
    else if (!Array.isArray(headers)) outgoing.setHeader('content-length', Buffer.byteLength(body));
    if (!isChunked) return outgoing.end(body);
    const bytes = Buffer.from(body);
    const middle = Math.floor(bytes.length / 2);
    outgoing.write(bytes.subarray(0, middle));
    outgoing.end(bytes.subarray(middle));
  });
}

export async function raw(url: string, options: RawRequest = {}): Promise<RawAnswer> {
  const incoming = await openRaw(url, options);
  const body = await bytesOf(incoming);
  const { statusCode = 0, rawHeaders, headers, rawTrailers } = incoming;
  return { status: statusCode, rawHeaders, headers, body, trailers: rawTrailers };
}

export async function bytesOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
