/** A load of a fixed number of connections over raw sockets: one request after another on each, answers only measured for where they end. */
import { connect, type Socket } from 'node:net';

export type LoadResult = { readonly requestsPerSecond: number; readonly latenciesMs: readonly number[] };

export type Load = {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly isStream: boolean;
};

const answerTimeoutMs = 20_000;
const lastChunk = Buffer.from('\r\n0\r\n\r\n');

export async function applyLoad({ port, connections, seconds, isStream }: Load): Promise<LoadResult> {
  const body = JSON.stringify({
    model: 'claude-sonnet-5-5',
    max_tokens: 1_024,
    stream: isStream,
    messages: [{ role: 'user', content: 'a question of middling length '.repeat(30) }],
  });
  const request = Buffer.from(
    `POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-api-key: sk-ant-bench\r\ncontent-type: application/json\r\n` +
      `user-agent: bench/1.0\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const endsAtMs = performance.now() + seconds * 1_000;
  const startedAtMs = performance.now();
  const latenciesMs: number[] = [];
  await Promise.all(Array.from({ length: connections }, () => runConnection(port, request, endsAtMs, latenciesMs)));
  return { requestsPerSecond: latenciesMs.length / ((performance.now() - startedAtMs) / 1_000), latenciesMs };
}

function runConnection(port: number, request: Buffer, endsAtMs: number, latenciesMs: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sentAtMs = 0;
    let received: Buffer[] = [];
    let length: number | 'chunked' | null = null;
    let bytes = 0;
    let tail: Buffer = Buffer.alloc(0);

    function send(): void {
      received = [];
      length = null;
      bytes = 0;
      tail = Buffer.alloc(0);
      sentAtMs = performance.now();
      socket.write(request);
    }

    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed in the middle of an answer')));
    // A bench that hangs says so instead of waiting for ever.
    socket.setTimeout(answerTimeoutMs, () => reject(new Error('no answer within 20 s')));
    socket.on('data', (data: Buffer) => {
      bytes += data.length;
      if (length === null) {
        received.push(data);
        length = answerLength(received.length === 1 ? data : Buffer.concat(received));
      }
      // The last chunk may come in pieces of its own.
      tail = Buffer.concat([tail, data.subarray(-lastChunk.length)]).subarray(-lastChunk.length);
      const isWhole = length === 'chunked' ? tail.equals(lastChunk) : length !== null && bytes >= length;
      if (!isWhole) return;
      latenciesMs.push(performance.now() - sentAtMs);
      if (performance.now() < endsAtMs) send();
      else socket.end(resolve);
    });
  });
}

/** Bytes of head and body together, "chunked", or null while the head is not whole. */
function answerLength(bytes: Buffer): number | 'chunked' | null {
  const head = bytes.indexOf('\r\n\r\n');
  if (head === -1) return null;
  const text = bytes.toString('latin1', 0, head);
  if (!text.startsWith('HTTP/1.1 200')) throw new Error(`the bench expects 200, got ${text.slice(0, 40)}`);
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return length === undefined ? 'chunked' : head + 4 + Number(length);
}
