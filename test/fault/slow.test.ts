/**
 * One side is slow and the other is not: what has been taken from the fast one stays within the buffers of the sockets in between, however much it
 * offers, and everything arrives in the end. Counted in bytes that left the sender, not by the memory of the process.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { fault } from '../kit/fault.ts';
import { startMeteredProxy, type MeteredProxy } from '../kit/metered-proxy.ts';
import { openClient } from '../kit/raw-client.ts';
import { raw } from '../kit/raw-http.ts';
import { startUpstream } from '../kit/upstream.ts';

/** Kernel buffers of two hops (Linux lets each side of a loopback socket grow to 4 to 6 MB) and the proxy's own marks. */
const boundBytes = 28 * 1024 * 1024;
const offeredBytes = 200 * 1024 * 1024;
const piece = Buffer.alloc(256 * 1024, 'event: ping\ndata: {"type":"ping"}\n\n');
/** Nothing moves any more when a socket has taken nothing for so long; there is no event for that. */
const quietMs = 400;

let server: Server | null = null;
let proxy: MeteredProxy;
const sockets = new Set<Socket>();

async function start(onSocket: (socket: Socket) => unknown): Promise<void> {
  const listening = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  server = listening;
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  proxy = await startMeteredProxy(`http://127.0.0.1:${(listening.address() as AddressInfo).port}`);
}

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await proxy.close();
  server?.close();
  server = null;
});

type Offer = {
  /** Bytes that have left the sender's process. */
  readonly taken: () => number;
  /** Resolves with `taken` when nothing has moved for a while. */
  readonly stalled: () => Promise<number>;
  /** Resolves when everything was taken. */
  readonly done: Promise<void>;
};

/** Writes as long as the socket takes it, up to `bytes`. */
function offer(socket: Socket, bytes: number, wrap: (data: Buffer) => Buffer = (data) => data): Offer {
  let offered = 0;
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const framed = wrap(piece);
  function more(): void {
    while (offered < bytes) {
      offered += piece.length;
      if (!socket.write(framed)) return void socket.once('drain', more);
    }
    resolve();
  }
  const taken = () => socket.bytesWritten - socket.writableLength;
  more();
  return {
    taken,
    done,
    stalled: async () => {
      for (let before = -1; taken() > before;) {
        before = taken();
        await new Promise((later) => setTimeout(later, quietMs));
      }
      return taken();
    },
  };
}

function hashOfPieces(bytes: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; at += piece.length) hash.update(piece);
  return hash.digest('hex');
}

/** Of an answer's text whose end may be missing. */
function bytesInChunks(text: string): number {
  let bytes = 0;
  for (let at = text.indexOf('\r\n\r\n') + 4; at < text.length;) {
    const lineEnd = text.indexOf('\r\n', at);
    const length = Number.parseInt(text.slice(at, lineEnd), 16);
    bytes += Math.min(length, text.length - lineEnd - 2);
    at = lineEnd + 2 + length + 2;
  }
  return bytes;
}

const streamHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const chunked = (data: Buffer) =>
  Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);

describe('a client that reads', () => {
  fault('1 KB at a time holds the upstream back', { client: 'what it has read', ledger: 'partial' }, async () => {
    const { promise: offering, resolve: onOffer } = Promise.withResolvers<Offer>();
    await start((socket) =>
      socket.once('data', () => {
        socket.write(streamHead);
        onOffer(offer(socket, offeredBytes, chunked));
      }),
    );
    const { socket, send } = await openClient(proxy.url);
    socket.removeAllListeners('data');
    socket.pause();
    send('POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}');
    const upstream = await offering;
    const before = await upstream.stalled();
    expect(before).toBeLessThan(boundBytes);
    // A minute at 1 KB a second: the upstream is let go on by about what was read and no more.
    let read = 0;
    while (read < 60 * 1024) {
      const data = socket.read(1024) as Buffer | null;
      if (data === null) await once(socket, 'readable');
      else read += data.length;
    }
    expect((await upstream.stalled()) - before).toBeLessThan(8 * 1024 * 1024);
    expect(upstream.taken()).toBeLessThan(boundBytes);
    socket.destroy();
    const { end } = await proxy.nthFinished(1);
    expect(end.responseBytes).toBeLessThan(boundBytes);
    return { client: 'what it has read', ledger: end.isWhole ? 'complete' : 'partial' };
  });

  it('again after a pause gets every byte', async () => {
    const { promise: offering, resolve: onOffer } = Promise.withResolvers<Offer>();
    const bytes = 48 * 1024 * 1024;
    await start((socket) =>
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`);
        onOffer(offer(socket, bytes));
      }),
    );
    const { socket, send } = await openClient(proxy.url);
    socket.removeAllListeners('data');
    socket.pause();
    send('GET /v1/files/big/content HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const upstream = await offering;
    expect(await upstream.stalled()).toBeLessThan(bytes);
    const arrived = createHash('sha256');
    let length = -1;
    for await (const data of socket as AsyncIterable<Buffer>) {
      const from = length === -1 ? data.indexOf('\r\n\r\n') + 4 : 0;
      length = Math.max(0, length) + data.length - from;
      arrived.update(data.subarray(from));
      if (length === bytes) break;
    }
    expect(arrived.digest('hex')).toBe(hashOfPieces(bytes));
  });

  fault(
    'after the upstream broke off gets all that had come',
    { client: 'every byte, cut', ledger: 'partial' },
    async () => {
      const { promise: offering, resolve: onOffer } = Promise.withResolvers<[Offer, Socket]>();
      await start((socket) =>
        socket.once('data', () => {
          socket.write(streamHead);
          onOffer([offer(socket, offeredBytes, chunked), socket]);
        }),
      );
      const { socket, send } = await openClient(proxy.url);
      socket.removeAllListeners('data');
      socket.pause();
      send('POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}');
      const [upstream, farSocket] = await offering;
      await upstream.stalled();
      farSocket.resetAndDestroy();
      let text = '';
      for await (const data of socket as AsyncIterable<Buffer>) text += data.toString('latin1');
      expect(text.endsWith('\r\n0\r\n\r\n')).toBe(false);
      const { end } = await proxy.nthFinished(1);
      expect(end.errorType).toBe('upstream_cut');
      const arrived = bytesInChunks(text);
      const says = arrived === end.responseBytes ? 'every byte, cut' : `${arrived} bytes of ${end.responseBytes}`;
      return { client: says, ledger: end.isWhole ? 'complete' : 'partial' };
    },
  );
});

describe('an upstream that does not read', () => {
  it.each([
    // 32 MB are read for the meter before a body is known to be too large for it.
    ['/v1/messages', boundBytes + 32 * 1024 * 1024],
    ['/v1/files', boundBytes],
  ])('holds back a client that sends to %s', async (path, bound) => {
    await start((socket) => socket.pause());
    const client = await openClient(proxy.url);
    client.send(`POST ${path} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n`);
    const sending = offer(client.socket, offeredBytes, chunked);
    expect(await sending.stalled()).toBeLessThan(bound);
    client.socket.destroy();
  });
});

describe('a body beyond the 32 MB that are inspected', () => {
  it.each([
    ['chunked', undefined],
    ['with its length', 40 * 1024 * 1024],
  ])('passes %s, and its answer is metered', async (_name, stated) => {
    const bytes = 40 * 1024 * 1024;
    const usage = { input_tokens: 9, output_tokens: 1 };
    const message = { id: 'msg_1', type: 'message', model: 'claude-sonnet-5-5', usage };
    const upstream = await startUpstream((_request, response) => response.end(JSON.stringify(message)));
    proxy = await startMeteredProxy(upstream.url);
    const client = await openClient(proxy.url);
    const framing = stated === undefined ? 'transfer-encoding: chunked' : `content-length: ${stated}`;
    client.send(`POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n${framing}\r\n\r\n`);
    await offer(client.socket, bytes, stated === undefined ? chunked : undefined).done;
    if (stated === undefined) client.send('0\r\n\r\n');
    await client.until(/"msg_1".*\}\}/s);
    client.socket.destroy();
    const arrived = createHash('sha256').update(upstream.received[0]?.body ?? '');
    expect(arrived.digest('hex')).toBe(hashOfPieces(bytes));
    const { call, end } = await proxy.nthFinished(1);
    expect(call).toMatchObject({ requestedModel: null });
    // What a chunked body comes to is not known when its call begins.
    if (stated === undefined) expect(call.promptBytes).toBeGreaterThan(32 * 1024 * 1024);
    else expect(call.promptBytes).toBe(stated);
    expect(end).toMatchObject({ isWhole: true, model: 'claude-sonnet-5-5', usage: { inputTokens: 9 } });
    await upstream.close();
  });

  it('has company: bodies that hold too much together pass as well, unread, until there is room again', async () => {
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    const upstream = await startUpstream(async ({ body }, response) => {
      if (body.includes('"first"')) await goOn;
      response.end('{}');
    });
    proxy = await startMeteredProxy(upstream.url, { heldBytesMax: 1_000_000 });
    const body = (model: string) => JSON.stringify({ model, padding: 'x'.repeat(600_000) });
    const post = (model: string) => raw(`${proxy.url}/v1/messages`, { method: 'POST', body: body(model) });
    const first = post('first');
    await expect.poll(() => upstream.received.length).toBe(1);
    expect((await post('second')).status).toBe(200);
    release();
    expect((await first).status).toBe(200);
    await proxy.nthFinished(2);
    expect((await post('third')).status).toBe(200);
    expect(upstream.received.map(({ body: arrived }) => arrived.toString())).toEqual(
      ['first', 'second', 'third'].map(body),
    );
    expect(proxy.begun.map(({ requestedModel }) => requestedModel)).toEqual(['first', null, 'third']);
    await upstream.close();
  });
});
