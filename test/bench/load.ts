/**
 * A load of a fixed number of connections over raw sockets. Closed loop: each connection sends its next call when the last is answered. At a
 * fixed rate: each sends at its own instants, and a call that had to wait for the one before counts from the instant at which it was due.
 * Every answer must be a 200; anything else, a closed connection or 20 s of silence ends the bench with an error.
 * Used through load-process.ts, a process of its own.
 */
import { connect, type Socket } from 'node:net';

import { requestBody } from './request-body.ts';
import { readDelays } from './sent-at.ts';

export type Load = {
  readonly port: number;
  readonly connections: number;
  readonly until: { readonly seconds: number } | { readonly calls: number };
  /** `mixed`: every other connection streams. */
  readonly kind: 'json' | 'stream' | 'mixed';
  /** Over all connections; null is a closed loop. */
  readonly callsPerSecond: number | null;
  /** Streams send a delta every so often, each with its instant; null as fast as they can. */
  readonly paceMs: number | null;
  readonly bodyBytes: number;
  readonly headers: Readonly<Record<string, string>>;
};

export type LoadResult = {
  readonly calls: number;
  readonly seconds: number;
  /** From sending to the first byte, and to the last, of each call. */
  readonly firstByteMs: Float64Array;
  readonly wholeMs: Float64Array;
  /** From the upstream's write to this process, of each delta of a paced stream. */
  readonly deltaDelayMs: Float64Array;
};

type Run = {
  readonly load: Load;
  readonly startedAtMs: number;
  /** Whether one more call is to be sent. */
  readonly goesOn: () => boolean;
  readonly firstByteMs: number[];
  readonly wholeMs: number[];
  readonly deltaDelayMs: number[];
};

const answerTimeoutMs = 20_000;

export async function applyLoad(load: Load): Promise<LoadResult> {
  // Before the clock starts: making bodies of many megabytes takes longer than some calls.
  const requests = Array.from({ length: load.connections }, (_, index) => requestOf(load, index));
  const startedAtMs = performance.now();
  let sent = 0;
  const { until } = load;
  const goesOn =
    'calls' in until ? () => (sent += 1) <= until.calls : () => performance.now() < startedAtMs + until.seconds * 1_000;
  const run: Run = { load, startedAtMs, goesOn, firstByteMs: [], wholeMs: [], deltaDelayMs: [] };
  await Promise.all(requests.map((request, index) => runConnection(run, request, index)));
  return {
    calls: run.wholeMs.length,
    seconds: (performance.now() - startedAtMs) / 1_000,
    firstByteMs: Float64Array.from(run.firstByteMs),
    wholeMs: Float64Array.from(run.wholeMs),
    deltaDelayMs: Float64Array.from(run.deltaDelayMs),
  };
}

/** A team of four members on six projects, half of the projects billed to a customer: what a call carries is what the ledger has to sum. */
function requestOf({ port, kind, paceMs, bodyBytes, headers }: Load, index: number): Buffer {
  const isStream = kind === 'stream' || (kind === 'mixed' && index % 2 === 0);
  const body = requestBody({ isStream, bytes: bodyBytes, conversation: `conversation ${index}` });
  const project = index % 6;
  const all: Record<string, string> = {
    host: `127.0.0.1:${port}`,
    'x-api-key': 'sk-ant-bench',
    'content-type': 'application/json',
    'user-agent': 'bench/1.0',
    'x-tollkeeper-member': `member-${index % 4}`,
    'x-tollkeeper-project': `project-${project}`,
    ...(project < 3 ? { 'x-tollkeeper-customer': `cus_bench${project}` } : {}),
    ...(paceMs === null ? {} : { 'x-bench-pace-ms': String(paceMs) }),
    ...headers,
    'content-length': String(body.length),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST /v1/messages HTTP/1.1\r\n${lines.join('')}\r\n`), body]);
}

function runConnection(run: Run, request: Buffer, index: number): Promise<void> {
  const { port, connections, callsPerSecond, paceMs } = run.load;
  const intervalMs = callsPerSecond === null ? 0 : (connections * 1_000) / callsPerSecond;
  // Connections are spread over the interval, so that calls do not come in bursts of all of them.
  let dueAtMs = run.startedAtMs + (intervalMs * index) / connections;
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const reader = createAnswerReader();
    let countsFromMs = 0;
    let isFirst = true;
    let rest = '';

    function sendNext(): void {
      if (!run.goesOn()) return void socket.end(resolve);
      if (intervalMs === 0) return send(performance.now());
      const waitMs = dueAtMs - performance.now();
      // A timer is up to a millisecond late, which is not the target's doing: then a call counts from when it was sent.
      if (waitMs > 0) setTimeout(() => send(performance.now()), waitMs);
      else send(dueAtMs);
      dueAtMs += intervalMs;
    }

    function send(fromMs: number): void {
      countsFromMs = fromMs;
      isFirst = true;
      rest = '';
      socket.write(request);
    }

    socket.on('connect', sendNext);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed in the middle of an answer')));
    socket.setTimeout(answerTimeoutMs, () => reject(new Error('no answer within 20 s')));
    socket.on('data', (data: Buffer) => {
      if (isFirst) run.firstByteMs.push(performance.now() - countsFromMs);
      isFirst = false;
      if (paceMs !== null) {
        const read = readDelays(rest + data.toString('latin1'));
        run.deltaDelayMs.push(...read.delaysMs);
        rest = read.rest;
      }
      try {
        if (!reader.isWholeWith(data)) return;
      } catch (error) {
        return reject(error);
      }
      run.wholeMs.push(performance.now() - countsFromMs);
      sendNext();
    });
  });
}

const lastChunk = Buffer.from('\r\n0\r\n\r\n');

/** Tells where an answer ends, by its length or its last chunk; answers follow one another on a connection and never overlap. */
function createAnswerReader(): { readonly isWholeWith: (data: Buffer) => boolean } {
  let head: Buffer | null = null;
  let length: number | 'chunked' | null = null;
  let bytes = 0;
  let tail: Buffer = Buffer.alloc(0);

  function isWholeWith(data: Buffer): boolean {
    bytes += data.length;
    if (length === null) {
      head = head === null ? data : Buffer.concat([head, data]);
      length = answerLength(head);
    }
    // The last chunk may come in pieces of its own.
    tail =
      data.length >= lastChunk.length
        ? data.subarray(-lastChunk.length)
        : Buffer.concat([tail, data]).subarray(-lastChunk.length);
    const isWhole = length === 'chunked' ? tail.equals(lastChunk) : length !== null && bytes >= length;
    if (!isWhole) return false;
    head = null;
    length = null;
    bytes = 0;
    tail = Buffer.alloc(0);
    return true;
  }
  return { isWholeWith };
}

/** Bytes of head and body together, "chunked", or null while the head is not whole. */
function answerLength(bytes: Buffer): number | 'chunked' | null {
  const head = bytes.indexOf('\r\n\r\n');
  if (head === -1) return null;
  const text = bytes.toString('latin1', 0, head);
  if (!text.startsWith('HTTP/1.1 200')) {
    throw new Error(`the bench expects 200, got: ${bytes.toString('latin1', 0, 600)}`);
  }
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return length === undefined ? 'chunked' : head + 4 + Number(length);
}
