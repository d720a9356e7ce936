/**
 * What HTTP allows and few use, through real sockets: interim answers, answers without a body, trailers, connections that are used again, requests in
 * a row, answers before the request is whole. Each passes as it came.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { unwatched, startMeteredProxy, type MeteredProxy } from '../kit/metered-proxy.ts';
import { openClient, readAnswer } from '../kit/raw-client.ts';
import { raw } from '../kit/raw-http.ts';
import { startRawUpstream, type OnRequest, type RawUpstream } from '../kit/raw-upstream.ts';

let upstream: RawUpstream;
let proxy: MeteredProxy;

async function start(onRequest: OnRequest): Promise<void> {
  upstream = await startRawUpstream(onRequest);
  proxy = await startMeteredProxy(`http://127.0.0.1:${upstream.port}`);
}

afterEach(async () => {
  await proxy.close();
  await upstream.close();
});

const call = (body = '{"model":"m"}', more = '') =>
  `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;
const ok = (body: string, more = '') =>
  `HTTP/1.1 200 OK\r\n${more}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const bodyOf = (request: string) => request.slice(request.indexOf('\r\n\r\n') + 4);

describe('an interim answer', () => {
  it('passes with its headers, once for each, before the answer', async () => {
    const interim =
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nX-Why: because\r\n\r\n' +
      'HTTP/1.1 104 unknown\r\nUpload-Offset: 7\r\n\r\n';
    await start((socket) => socket.write(interim + ok('{}')));
    const client = await openClient(proxy.url);
    client.send(call());
    const text = await client.until(/\{\}$/);
    client.socket.destroy();
    expect(text.slice(0, text.indexOf('HTTP/1.1 200'))).toBe(interim);
  });

  it('is kept from a client of HTTP/1.0, which knows none', async () => {
    await start((socket) => socket.write(`HTTP/1.1 102 Processing\r\n\r\n${ok('{}')}`));
    const client = await openClient(proxy.url);
    client.send(call().replace('HTTP/1.1', 'HTTP/1.0'));
    expect(await client.all()).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('of 100 is given at once to a client that waits for it with its body', async () => {
    await start((socket, request) => socket.write(ok(JSON.stringify(bodyOf(request)))));
    const client = await openClient(proxy.url);
    client.send('POST /v1/messages HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n');
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    client.send('"ok"');
    expect(await client.until(/"\\"ok\\""$/)).toContain('HTTP/1.1 200 OK');
    client.socket.destroy();
    expect(upstream.requests[0]).not.toMatch(/expect/i);
  });
});

describe('an answer without a body', () => {
  it.each([
    ['204', 'POST', 'HTTP/1.1 204 No Content\r\nrequest-id: r\r\n\r\n'],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\netag: "a"\r\ncontent-length: 1234\r\n\r\n'],
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1234\r\n\r\n'],
  ])('(%s) ends with its headers, and the connection serves the next request', async (_name, method, bytes) => {
    await start((socket, request) => socket.write(request.startsWith(`${method} /first`) ? bytes : ok('{"next":1}')));
    const client = await openClient(proxy.url);
    client.send(`${method} /first HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n`);
    const first = await client.until(/\r\n\r\n$/);
    for (const line of bytes.trim().split('\r\n')) expect(first).toContain(`${line}\r\n`);
    client.send('GET /second HTTP/1.1\r\nhost: localhost\r\n\r\n');
    expect((await client.until(/\{"next":1\}$/)).slice(first.length)).toMatch(/^HTTP\/1\.1 200 OK/);
    client.socket.destroy();
  });
});

describe('trailers', () => {
  it('of an answer pass', async () => {
    await start((socket) =>
      socket.write(
        'HTTP/1.1 200 OK\r\nTrailer: X-Checksum\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Checksum: abc\r\nX-Two: 2\r\n\r\n',
      ),
    );
    const answer = await raw(`${proxy.url}/v1/messages`, { method: 'POST', body: '{}' });
    expect(answer.body.toString()).toBe('body');
    expect(answer.headers['trailer']).toBe('X-Checksum');
    expect(answer.trailers).toEqual(['X-Checksum', 'abc', 'X-Two', '2']);
  });

  it('of a request are dropped with their announcement, and its body is whole', async () => {
    await start((socket) => socket.write(ok('{}')));
    for (const path of ['/v1/messages', '/v1/files']) {
      const client = await openClient(proxy.url);
      client.send(
        `POST ${path} HTTP/1.1\r\nhost: localhost\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-sum: 1\r\n\r\n`,
      );
      await client.until(/\{\}$/);
      client.socket.destroy();
      const sent = upstream.requests.at(-1) ?? '';
      expect(bodyOf(sent)).toContain('body');
      expect(sent).not.toMatch(/x-sum/);
    }
  });
});

describe('headers of this hop', () => {
  it('and those that Connection names stay on it, both ways', async () => {
    await start((socket) =>
      socket.write(ok('{}', 'Connection: keep-alive, X-Hop\r\nKeep-Alive: timeout=9\r\nX-Hop: 1\r\nX-End: 1\r\n')),
    );
    const client = await openClient(proxy.url);
    client.send(
      call(
        '{}',
        'connection: keep-alive, x-mine\r\nx-mine: 1\r\nte: trailers\r\nproxy-authorization: Basic x\r\nx-end: 1\r\n',
      ),
    );
    const answer = await client.until(/\{\}$/);
    client.socket.destroy();
    expect(answer).toContain('X-End: 1');
    expect(answer).not.toMatch(/x-hop|timeout=9/i);
    expect(upstream.requests[0]).toContain('x-end: 1');
    expect(upstream.requests[0]).not.toMatch(/x-mine|^te:|proxy-authorization/im);
  });
});

describe('a connection of a client', () => {
  it('serves many calls one after another, over few connections to the upstream', async () => {
    await start((socket, request) => socket.write(ok(bodyOf(request))));
    const client = await openClient(proxy.url);
    for (let turn = 1; turn <= 50; turn++) {
      client.send(call(`{"turn":${turn}}`));
      await client.until(new RegExp(`\\{"turn":${turn}\\}$`));
    }
    client.socket.destroy();
    expect(upstream.requests).toHaveLength(50);
    expect(upstream.connections()).toBe(1);
  });

  it('gets the answers to requests sent in a row in their order, whichever is ready first', async () => {
    const waiting: (() => void)[] = [];
    await start((socket, request) => {
      const turn = Number(/"turn":(\d+)/.exec(request)?.[1]);
      waiting.push(() => socket.write(ok(`{"turn":${turn},"padding":"${'x'.repeat(100_000)}"}`)));
      if (waiting.length === 5) for (const answer of waiting.toReversed()) answer();
    });
    const client = await openClient(proxy.url);
    client.send([1, 2, 3, 4, 5].map((turn) => call(`{"turn":${turn}}`)).join(''));
    const text = await client.until(/(?:"turn":\d.*){5}\}$/s);
    client.socket.destroy();
    expect([...text.matchAll(/"turn":(\d)/g)].map(([, turn]) => turn)).toEqual(['1', '2', '3', '4', '5']);
    expect(text.length).toBeGreaterThan(500_000);
    expect((await proxy.nthFinished(5)).end.isWhole).toBe(true);
  });

  it('that goes ends every call on it, also those that wait behind another', async () => {
    const { promise: bothThere, resolve } = Promise.withResolvers<void>();
    await start((socket) => {
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
      );
      if (upstream.requests.length === 2) resolve();
    });
    const client = await openClient(proxy.url);
    client.send(call() + call());
    await bothThere;
    await client.until(/hello/);
    client.socket.destroy();
    expect((await proxy.nthFinished(2)).end.errorType).toBe('client_left');
    expect(proxy.finished.map(({ end }) => end.errorType)).toEqual(['client_left', 'client_left']);
  });

  it('that goes while its call is made durable costs nothing: it is not sent', async () => {
    await start((socket) => socket.write(ok('{}')));
    await proxy.close();
    const { promise: durable, resolve: commit } = Promise.withResolvers<void>();
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
    const { promise: finished, resolve: onFinish } = Promise.withResolvers<string | null>();
    proxy = await startMeteredProxy(`http://127.0.0.1:${upstream.port}`, {
      callbacks: {
        onBegin: () => (onAsked(), durable),
        onFinish: async (_call, { errorType }) => onFinish(errorType),
        ...unwatched,
      },
    });
    const client = await openClient(proxy.url);
    client.send(call());
    await asked;
    client.socket.resetAndDestroy();
    // The proxy hears of it before it hears of another connection.
    expect((await raw(`${proxy.url}/v1/models`)).status).toBe(200);
    commit();
    expect(await finished).toBe('not_sent');
    expect(upstream.requests.map((request) => request.slice(0, 4))).toEqual(['GET ']);
  });
});

describe('a connection to the upstream', () => {
  it('that it closes while idle is not used again: each call arrives once and is answered', async () => {
    await start((socket, request) => socket.end(ok(bodyOf(request))));
    for (let turn = 1; turn <= 30; turn++) {
      const answer = await raw(`${proxy.url}/v1/messages`, { method: 'POST', body: `{"turn":${turn}}` });
      expect([answer.status, answer.body.toString()]).toEqual([200, `{"turn":${turn}}`]);
    }
    expect(upstream.requests).toHaveLength(30);
  });

  it('that it closes at the very moment of the next call is told, and the call is not sent again: it may have run', async () => {
    await start((socket, request) => {
      if (request.includes('"turn":2')) socket.destroy();
      else socket.write(ok('{}'));
    });
    const post = (turn: number) => raw(`${proxy.url}/v1/messages`, { method: 'POST', body: `{"turn":${turn}}` });
    expect((await post(1)).status).toBe(200);
    const second = await post(2);
    expect(second.status).toBe(502);
    expect(second.body.toString()).toContain('It may have run');
    expect(upstream.connections()).toBe(1);
    expect((await post(3)).status).toBe(200);
    expect(upstream.requests).toHaveLength(3);
    expect((await proxy.nthFinished(2)).end.errorType).toBe('no_answer');
  });
});

describe('an answer before the request is whole', () => {
  it('arrives, whatever the client still has to send', async () => {
    // Node's own server, reading nothing of the body: as an edge that refuses a large file by its length.
    upstream = await startEdge();
    proxy = await startMeteredProxy(`http://127.0.0.1:${upstream.port}`);
    const client = await openClient(proxy.url);
    client.send(`POST /v1/files HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${64 * 1024 * 1024}\r\n\r\n`);
    const piece = Buffer.alloc(1024 * 1024);
    for (let sent = 0; sent < 64; sent++) if (!client.socket.write(piece)) await once(client.socket, 'drain');
    const answer = readAnswer(await client.until(/too large/));
    expect(answer.status).toBe(413);
    client.socket.destroy();
  });
});

async function startEdge(): Promise<RawUpstream> {
  const edge = createServer((_incoming, response) =>
    response.writeHead(413, { 'content-type': 'text/plain' }).end('too large'),
  );
  edge.listen(0, '127.0.0.1');
  await once(edge, 'listening');
  return {
    port: (edge.address() as AddressInfo).port,
    requests: [],
    connections: () => 0,
    close: async () => {
      edge.closeAllConnections();
      edge.close();
      await once(edge, 'close');
    },
  };
}
