/**
 * The client misbehaves: malformed requests, floods, trickles, halves of connections, strange targets, web pages. Refused with a 4xx in Anthropic's
 * error shape where it is to be refused, and the next request is served as if nothing had been.
 */
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { fault, type FaultSays } from '../kit/fault.ts';
import { clientSays, ledgerSays } from '../kit/fault-says.ts';
import { startMeteredProxy, type MeteredProxy } from '../kit/metered-proxy.ts';
import { openClient, readAnswer } from '../kit/raw-client.ts';
import { raw } from '../kit/raw-http.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Answer, type Upstream } from '../kit/upstream.ts';

const usage = { input_tokens: 100, output_tokens: 10 };
let served = 0;
const whole: Answer = (_request, response) => {
  served += 1;
  const message = { id: `msg_${served}`, type: 'message', model: 'claude-sonnet-5-5', stop_reason: 'end_turn', usage };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
};

let answer: Answer = whole;
let upstream: Upstream;
let engine: TestEngine;

beforeAll(async () => {
  upstream = await startUpstream((...all) => answer(...all));
  engine = await startTestEngine({
    upstream: upstream.url,
    settings: { allowedOrigins: ['https://tool.example'], allowedHosts: ['gateway.lan'] },
  });
});

afterAll(async () => {
  await engine.close();
  await upstream.close();
});

const body = '{"model":"claude-sonnet-5-5"}';
const head = (more: string, host = '127.0.0.1') => `POST /v1/messages HTTP/1.1\r\nhost: ${host}\r\n${more}`;
const good = head(`content-length: ${body.length}\r\n\r\n${body}`);

/** Sends these bytes on a connection of their own, and then an honest call on another, which must be served. */
async function refusedAfter(bytes: string | Buffer): Promise<FaultSays> {
  const reached = upstream.received.length;
  const rows = engine.exported().length;
  const client = await openClient(engine.proxyUrl);
  client.send(bytes);
  await client.until(/\r\n\r\n\{.*\}\}/s);
  client.socket.destroy();
  expect(upstream.received).toHaveLength(reached);
  expect((await raw(`${engine.proxyUrl}/v1/messages`, { method: 'POST', body })).status).toBe(200);
  await engine.settled(rows + 1);
  return { client: clientSays(readAnswer(await client.all())), ledger: ledgerSays(engine.exported()[rows + 1]) };
}

const refused = { client: '400 invalid_request_error', ledger: 'no call' };

describe('a client', () => {
  it('is served to begin with', async () => {
    expect((await raw(`${engine.proxyUrl}/v1/messages`, { method: 'POST', body })).status).toBe(200);
    await engine.settled(1);
  });

  const malformed: readonly (readonly [name: string, bytes: string | Buffer])[] = [
    ['sends garbage', Buffer.from([0x00, 0xff, 0x13, 0x37, 0x0d, 0x0a, 0x0d, 0x0a])],
    ['sends a method that is none', 'BREW / HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['sends a content-length that is no number', head(`content-length: many\r\n\r\n${body}`)],
    ['sends a content-length below zero', head(`content-length: -1\r\n\r\n${body}`)],
    ['sends two lengths', head(`content-length: 5\r\ncontent-length: 29\r\n\r\n${body}`)],
    ['sends a length and chunks', head(`content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`)],
    ['sends chunks and a length', head(`transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`)],
    ['sends a transfer coding behind the chunks', head('transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n')],
    ['folds a header', head(`x-folded: a\r\n b\r\ncontent-length: ${body.length}\r\n\r\n${body}`)],
    ['sends a blank before the colon', head(`content-length : ${body.length}\r\n\r\n${body}`)],
    ['breaks lines by LF alone', good.replaceAll('\r\n', '\n')],
    ['sends a chunk size that is no number', head('transfer-encoding: chunked\r\n\r\nzz\r\n')],
    ['sends no host', `POST /v1/messages HTTP/1.1\r\ncontent-length: 0\r\n\r\n`],
    ['asks for no path', 'OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  ];
  for (const [name, bytes] of malformed) fault(name, refused, () => refusedAfter(bytes));

  fault('says hello in TLS', refused, async () => {
    const tls = connectTls({ host: '127.0.0.1', port: Number(new URL(engine.proxyUrl).port) });
    const [error] = (await once(tls, 'error')) as [Error];
    expect(error).toBeInstanceOf(Error);
    // The beginning of a hello, by hand, to see the answer that TLS could not read.
    return refusedAfter(Buffer.from('16030102000100', 'hex'));
  });

  const tooLarge = { client: '431 invalid_request_error', ledger: 'no call' };
  fault('floods with headers', tooLarge, () => refusedAfter(head(`x-flood: ${'y'.repeat(900)}\r\n`.repeat(100))));
  fault('floods with small headers', tooLarge, () => refusedAfter(head(`${'a:b\r\n'.repeat(1_001)}\r\n`)));
  fault('asks for an enormous URL', tooLarge, () => refusedAfter(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n`));

  fault('takes this for a forward proxy', { client: '405 invalid_request_error', ledger: 'no call' }, () =>
    refusedAfter('CONNECT api.anthropic.com:443 HTTP/1.1\r\nhost: api.anthropic.com:443\r\n\r\n'),
  );
  fault('expects what nobody knows', { client: '417 invalid_request_error', ledger: 'no call' }, () =>
    refusedAfter(head('expect: the-impossible\r\ncontent-length: 0\r\n\r\n')),
  );
  const notHere = { client: '403 permission_error', ledger: 'no call' };
  fault('asks for the whole address of elsewhere', notHere, () =>
    refusedAfter('GET http://api.anthropic.com/v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'),
  );
  fault('comes by a name that was pointed here', notHere, () =>
    refusedAfter(good.replace('127.0.0.1', 'evil.example:4141')),
  );
  fault('is a web page of elsewhere', notHere, () =>
    refusedAfter(
      head(`origin: https://evil.example\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
    ),
  );
  fault('is a sandboxed frame', notHere, () => refusedAfter(head(`origin: null\r\ncontent-length: 0\r\n\r\n`)));
  fault('asks beforehand, as browsers do', notHere, () =>
    refusedAfter(
      'OPTIONS /v1/messages HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\naccess-control-request-method: POST\r\n\r\n',
    ),
  );

  const passed = { client: '200', ledger: 'complete, priced' };
  const sent = async (bytes: string): Promise<FaultSays> => {
    const rows = engine.exported().length;
    const client = await openClient(engine.proxyUrl);
    client.send(bytes);
    const text = await client.until(/\}\}/);
    client.socket.destroy();
    await engine.settled(rows + 1);
    return { client: clientSays(readAnswer(text)), ledger: ledgerSays(engine.exported().at(-1)) };
  };
  fault('is a page of this machine', passed, () =>
    sent(good.replace('\r\n\r\n', '\r\norigin: http://localhost:3000\r\n\r\n')),
  );
  fault('is a page that the settings allow', passed, () =>
    sent(good.replace('\r\n\r\n', '\r\norigin: https://tool.example\r\n\r\n')),
  );
  fault('comes by a name that the settings allow', passed, () => sent(good.replace('127.0.0.1', 'Gateway.lan:4141')));
  fault('sends nine hundred headers', passed, () => sent(good.replace('\r\n\r\n', `\r\n${'a:b\r\n'.repeat(900)}\r\n`)));
  fault('comes from a container', passed, () => sent(good.replace('127.0.0.1', 'host.docker.internal:4141')));
  fault('asks for the whole address of this proxy', passed, () =>
    sent(good.replace('/v1', `${engine.proxyUrl}/@alice/v1`)),
  );
  fault('offers another protocol', passed, () =>
    sent(good.replace('\r\n\r\n', '\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')),
  );

  fault('closes its half behind the request', passed, async () => {
    const rows = engine.exported().length;
    const { promise: arrived, resolve: onArrived } = Promise.withResolvers<void>();
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    answer = async (...all) => {
      onArrived();
      await goOn;
      whole(...all);
    };
    const client = await openClient(engine.proxyUrl);
    client.socket.end(good);
    await arrived;
    // It is asked whether it is still there, and it is.
    await client.until(/^HTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 102/);
    release();
    const text = await client.all();
    answer = whole;
    await engine.settled(rows + 1);
    const final = text.replaceAll('HTTP/1.1 102 Processing\r\n\r\n', '');
    return { client: clientSays(readAnswer(final)), ledger: ledgerSays(engine.exported().at(-1)) };
  });

  fault('leaves before the answer', { client: 'nothing', ledger: 'partial, estimated, unpriced' }, async () => {
    const rows = engine.exported().length;
    const { promise: arrived, resolve: onArrived } = Promise.withResolvers<void>();
    answer = () => onArrived();
    const client = await openClient(engine.proxyUrl);
    client.send(good);
    await arrived;
    client.socket.destroy();
    await upstream.abandoned();
    answer = whole;
    await engine.settled(rows + 1);
    return { client: 'nothing', ledger: ledgerSays(engine.exported().at(-1)) };
  });

  fault(
    'sends nonsense behind a good request',
    { client: '200, then 400 invalid_request_error', ledger: 'complete, priced' },
    async () => {
      const rows = engine.exported().length;
      const client = await openClient(engine.proxyUrl);
      client.send(`${good}\0\0nonsense\r\n\r\n`);
      const [, first = '', second = ''] = /^(.*?)(HTTP\/1\.1 400.*)$/s.exec(await client.all()) ?? [];
      await engine.settled(rows + 1);
      expect(engine.exported()).toHaveLength(rows + 1);
      const says = [first, second].map((text) => clientSays(readAnswer(text))).join(', then ');
      return { client: says, ledger: ledgerSays(engine.exported().at(-1)) };
    },
  );
});

describe('a client that trickles', () => {
  let proxy: MeteredProxy;

  beforeAll(async () => {
    proxy = await startMeteredProxy(upstream.url, { slowHeadersMs: 300 });
  });

  afterAll(() => proxy.close());

  fault('never ends its headers', { client: '408 timeout_error', ledger: 'no call' }, async () => {
    const client = await openClient(proxy.url);
    client.send('POST /v1/messages HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
    const says = clientSays(readAnswer(await client.all()));
    expect((await raw(`${proxy.url}/v1/messages`, { method: 'POST', body })).status).toBe(200);
    expect(proxy.begun).toHaveLength(1);
    return { client: says, ledger: 'no call' };
  });

  fault('takes its time for the body', { client: '200', ledger: 'complete' }, async () => {
    const client = await openClient(proxy.url);
    client.send(head(`content-length: ${body.length}\r\n\r\n`));
    // Longer than the headers may take.
    await new Promise((resolve) => setTimeout(resolve, 700));
    client.send(body);
    const text = await client.until(/\}\}/);
    client.socket.destroy();
    const { end } = await proxy.nthFinished(2);
    return { client: clientSays(readAnswer(text)), ledger: end.isWhole ? 'complete' : 'partial' };
  });
});
