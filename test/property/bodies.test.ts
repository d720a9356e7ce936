/**
 * Bytes out = bytes in (invariant 1): 200 random bodies from nothing to 32 MB, each both ways, by hash at both ends. Sizes are spread evenly over the
 * orders of magnitude, with the edges of buffers among them; framing, encoding, route and the cut into pieces are drawn too.
 * A failure names its seed: `BODIES_SEED=… npx vitest run --project property test/property/bodies.test.ts` repeats the run.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type OutgoingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startMeteredProxy, type MeteredProxy } from '../kit/metered-proxy.ts';
import { bytesOf } from '../kit/raw-http.ts';

const bytesMax = 32 * 1024 * 1024;
const bodies = 200;
const edges = [0, 1, 65_535, 65_536, bytesMax];
const seed = Number(process.env['BODIES_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const encodings = ['identity', 'gzip', 'br', 'zstd'] as const;
type Encoding = (typeof encodings)[number];
type Drawn = {
  readonly bytes: Buffer;
  readonly encoding: Encoding;
  readonly isChunked: boolean;
  readonly path: '/v1/messages' | '/v1/files';
  readonly pieceMax: number;
};

/** Bytes that follow from the seed and the number alone. */
function randomBytes(number: number, length: number): Buffer {
  const key = createHash('sha256').update(`${seed} ${number}`).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

function draw(number: number): Drawn {
  const dice = randomBytes(-1 - number, 64);
  const share = dice.readUInt32LE(0) / 2 ** 32;
  const length = edges[number] ?? Math.floor(2 ** (share * Math.log2(bytesMax)));
  const encoding = encodings[dice.readUInt8(4) % encodings.length] ?? 'identity';
  return {
    // Random bytes grow a little when they are compressed; what is beyond 32 MB is another test.
    bytes: encode(
      randomBytes(number, edges[number] ?? Math.min(length, bytesMax - 65_536)),
      edges[number] === undefined ? encoding : 'identity',
    ),
    encoding: edges[number] === undefined ? encoding : 'identity',
    isChunked: dice.readUInt8(5) % 2 === 0,
    path: dice.readUInt8(6) % 2 === 0 ? '/v1/messages' : '/v1/files',
    pieceMax: 2 ** (4 + (dice.readUInt8(7) % 15)),
  };
}

function encode(bytes: Buffer, encoding: Encoding): Buffer {
  switch (encoding) {
    case 'identity':
      return bytes;
    case 'gzip':
      return gzipSync(bytes, { level: 1 });
    case 'br':
      return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 0 } });
    case 'zstd':
      return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  }
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** In at most 500 pieces, so that small pieces of a large body do not take minutes. */
function send(to: OutgoingMessage, { bytes, pieceMax }: Drawn): void {
  const piece = Math.max(pieceMax, Math.ceil(bytes.length / 500));
  for (let at = 0; at < bytes.length; at += piece) to.write(bytes.subarray(at, at + piece));
  to.end();
}

const headersOf = ({ encoding, isChunked, bytes }: Drawn) => ({
  ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
  ...(isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes.length }),
});

let current: Drawn;
let arrivedHash = '';
let upstream: Server;
let proxy: MeteredProxy;

beforeAll(async () => {
  upstream = createServer((incoming, response) => {
    void bytesOf(incoming).then((bytes) => {
      arrivedHash = hash(bytes);
      response.writeHead(200, { 'content-type': 'application/octet-stream', ...headersOf(current) });
      send(response, current);
    });
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  proxy = await startMeteredProxy(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`);
});

afterAll(async () => {
  await proxy.close();
  upstream.closeAllConnections();
  upstream.close();
});

async function post(drawn: Drawn): Promise<IncomingMessage> {
  const outgoing = request(`${proxy.url}${drawn.path}`, { method: 'POST', headers: headersOf(drawn), agent: false });
  send(outgoing, drawn);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return incoming;
}

describe('200 random bodies', () => {
  it('pass both ways as they came, whatever their length, framing, encoding and pieces', async () => {
    let metered = 0;
    for (let number = 0; number < bodies; number++) {
      current = draw(number);
      const { bytes, encoding, isChunked, path } = current;
      const what = `body ${number} of seed ${seed}: ${bytes.length} bytes, ${encoding}, ${isChunked ? 'chunked' : 'length'}, ${path}`;
      const incoming = await post(current);
      const back = await bytesOf(incoming);
      const expected = hash(bytes);
      expect(arrivedHash, `to the upstream: ${what}`).toBe(expected);
      expect(hash(back), `to the client: ${what}`).toBe(expected);
      expect(incoming.headers['content-encoding'] ?? 'identity', what).toBe(encoding);
      if (path === '/v1/files') continue;
      metered += 1;
      const { call, end } = await proxy.nthFinished(metered);
      expect([call.promptBytes, end.responseBytes], what).toEqual([bytes.length, bytes.length]);
    }
    expect(proxy.begun).toHaveLength(metered);
    expect(metered).toBeGreaterThan(50);
  }, 180_000);
});
