/** Bytes out = bytes in (invariant 1), over real sockets. */
import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { afterEach, describe, expect, it } from 'vitest';

import { bytesOf, openRaw, raw } from '../../kit/raw-http.ts';
import { startMeteredProxy, type MeteredProxy } from '../../kit/metered-proxy.ts';
import { wholeStream } from '../../kit/sse-text.ts';
import { startUpstream, type Answer, type Upstream } from '../../kit/upstream.ts';

let upstream: Upstream;
let proxy: MeteredProxy;

async function start(answer: Answer): Promise<void> {
  upstream = await startUpstream(answer);
  proxy = await startMeteredProxy(upstream.url);
}

afterEach(async () => {
  await proxy.close();
  await upstream.close();
});

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const pairs = (raw: readonly string[]) =>
  raw.flatMap((_, index) => (index % 2 === 0 ? [`${raw[index]}: ${raw[index + 1]}`] : []));

describe('the proxy', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'passes %s with path, query and body untouched',
    async (method) => {
      await start((_request, response) => response.writeHead(207, { 'content-type': 'text/plain' }).end('answer'));

      const body = method === 'GET' ? undefined : 'some body';
      const answer = await raw(`${proxy.url}/v1/anything/ä?x=1&y=%20&&z`, { method, ...(body ? { body } : {}) });

      expect(answer.status).toBe(207);
      expect(answer.body.toString()).toBe('answer');
      expect(upstream.received[0]?.url).toBe('/v1/anything/%C3%A4?x=1&y=%20&&z');
      expect(upstream.received[0]?.body.toString()).toBe(body ?? '');
    },
  );

  it('answers HEAD with the headers and no body', async () => {
    await start((_request, response) => response.writeHead(200, { 'content-length': '1234', 'x-seen': 'yes' }).end());

    const answer = await raw(`${proxy.url}/api/hello`, { method: 'HEAD' });

    expect(answer.headers['content-length']).toBe('1234');
    expect(answer.headers['x-seen']).toBe('yes');
    expect(answer.body.length).toBe(0);
    expect(upstream.received[0]?.method).toBe('HEAD');
  });

  it('keeps unknown headers, repeats, order and case both ways, and drops only hop-by-hop and its own', async () => {
    await start((_request, response) => {
      response.sendDate = false;
      response.writeHead(200, [
        'X-First',
        '1',
        'Set-Cookie',
        'a=1',
        'set-cookie',
        'b=2',
        'anthropic-Future',
        'é',
        'Content-Length',
        '2',
      ]);
      // A buffer: Node would write headers and a string body together as UTF-8.
      response.end(Buffer.from('ok'));
    });

    const answer = await raw(`${proxy.url}/v1/models`, {
      headers: [
        'Host',
        'localhost',
        'Anthropic-Beta',
        'one',
        'anthropic-beta',
        'two',
        'X-Tollkeeper-Member',
        'alice',
        'X-Unknown',
        'kept',
        'Authorization',
        'Bearer k',
      ],
    });

    expect(pairs(answer.rawHeaders).filter((pair) => !/^(?:connection|keep-alive)/i.test(pair))).toEqual([
      'X-First: 1',
      'Set-Cookie: a=1',
      'set-cookie: b=2',
      'anthropic-Future: é',
      'Content-Length: 2',
    ]);
    const sent = pairs(upstream.received[0]?.rawHeaders ?? []);
    expect(sent.filter((pair) => /^(?:anthropic|x-|authorization)/i.test(pair))).toEqual([
      'Anthropic-Beta: one',
      'anthropic-beta: two',
      'X-Unknown: kept',
      'Authorization: Bearer k',
    ]);
    expect(sent.filter((pair) => /^host/i.test(pair))).toEqual([`host: ${new URL(upstream.url).host}`]);
  });

  it.each([200, 204, 304, 400, 401, 404, 413, 429, 500, 529])('passes status %i and its body on', async (status) => {
    const hasBody = status !== 204 && status !== 304;
    await start((_request, response) =>
      response.writeHead(status, { 'x-should-retry': 'false' }).end(hasBody ? '<html>said so</html>' : undefined),
    );

    const answer = await raw(`${proxy.url}/v1/messages`, { method: 'POST', body: '{"model":"m"}' });

    expect(answer.status).toBe(status);
    expect(answer.headers['x-should-retry']).toBe('false');
    expect(answer.body.toString()).toBe(hasBody ? '<html>said so</html>' : '');
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const)('hands on a %s stream as it came and still reads its usage', async (encoding, compress) => {
    const bytes = compress(Buffer.from(wholeStream));
    await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding });
      response.write(bytes.subarray(0, 40));
      response.end(bytes.subarray(40));
    });

    const answer = await raw(`${proxy.url}/v1/messages`, {
      method: 'POST',
      body: '{"model":"m","stream":true}',
      headers: { 'accept-encoding': encoding },
    });

    expect(hash(answer.body)).toBe(hash(bytes));
    const { end } = await proxy.nthFinished(1);
    expect(end).toMatchObject({ isWhole: true, messageId: 'msg_test', stopReason: 'end_turn', trouble: null });
    expect(end.usage).toMatchObject({ inputTokens: 12, cacheReadTokens: 900, outputTokens: 15 });
  });

  it('reads a gzip stream that does not say so', async () => {
    const bytes = gzipSync(Buffer.from(wholeStream));
    await start((_request, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(bytes));

    const answer = await raw(`${proxy.url}/v1/messages`, { method: 'POST', body: '{}' });

    expect(hash(answer.body)).toBe(hash(bytes));
    expect((await proxy.nthFinished(1)).end.usage?.outputTokens).toBe(15);
  });

  it('passes a compressed request body on as it came and knows its model', async () => {
    const body = gzipSync(
      JSON.stringify({ model: 'claude-opus-5-5', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    );
    await start((_request, response) => response.end('{}'));

    await raw(`${proxy.url}/v1/messages`, { method: 'POST', body, headers: { 'content-encoding': 'gzip' } });

    expect(hash(upstream.received[0]?.body ?? Buffer.alloc(0))).toBe(hash(body));
    expect(proxy.begun[0]).toMatchObject({
      requestedModel: 'claude-opus-5-5',
      isStream: true,
      promptBytes: body.length,
    });
  });

  it('passes bodies of every length both ways, chunked and with a length', async () => {
    await start((request, response) => {
      if (request.url.endsWith('chunked')) response.write(request.body.subarray(0, 1));
      response.end(request.url.endsWith('chunked') ? request.body.subarray(1) : request.body);
    });
    for (const bytes of [1, 1_000, 65_536, 1_000_003]) {
      for (const kind of ['length', 'chunked'] as const) {
        const body = Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 31) % 256));
        const path = kind === 'chunked' ? '/v1/files/chunked' : '/v1/messages';

        const answer = await raw(`${proxy.url}${path}`, { method: 'POST', body, isChunked: kind === 'chunked' });

        expect(hash(answer.body)).toBe(hash(body));
        expect(hash(upstream.received.at(-1)?.body ?? Buffer.alloc(0))).toBe(hash(body));
      }
    }
  });

  it('lets the first event through before the answer is whole', async () => {
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    await start(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: ping\ndata: {}\n\n');
      await goOn;
      response.end();
    });

    const incoming = await openRaw(`${proxy.url}/v1/messages`, { method: 'POST', body: '{}' });
    const { value: first } = (await incoming.iterator({ destroyOnReturn: false }).next()) as { value: Buffer };

    expect(first.toString()).toContain('ping');
    release();
    await bytesOf(incoming);
  });

  it('passes trailers on', async () => {
    await start((_request, response) => {
      response.writeHead(200, { trailer: 'x-checksum', 'transfer-encoding': 'chunked' });
      response.write('body');
      response.addTrailers({ 'x-checksum': 'abc' });
      response.end();
    });

    const answer = await raw(`${proxy.url}/v1/models`);

    expect(answer.trailers).toEqual(['x-checksum', 'abc']);
  });
});
