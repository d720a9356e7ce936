/** The end of a metered answer waits until its call is settled; nothing before it waits, nothing is changed, and it never waits for long. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, constants, createGzip, gzipSync } from 'node:zlib';

import { afterEach, describe, expect, it } from 'vitest';

import { endHeldMaxMs } from '../../../main/proxy/answer-writer.ts';
import { unwatched, startMeteredProxy, type MeteredProxy } from '../../kit/metered-proxy.ts';
import { openRaw, raw } from '../../kit/raw-http.ts';
import { startUpstream, type Answer, type Upstream } from '../../kit/upstream.ts';

let upstream: Upstream;
let proxy: MeteredProxy;
/** Resolves with what has been told of the call; the answer's end waits for `letGo`. */
let finished: Promise<void>;
let letGo: () => void;

async function start(answer: Answer): Promise<void> {
  const settled = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  [finished, letGo] = [told.promise, settled.resolve];
  upstream = await startUpstream(answer);
  proxy = await startMeteredProxy(upstream.url, {
    callbacks: {
      onBegin: async () => {},
      onFinish: () => {
        told.resolve();
        return settled.promise;
      },
      ...unwatched,
    },
  });
}

afterEach(async () => {
  letGo();
  await proxy.close();
  await upstream.close();
});

const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
const head = event('message_start', { message: { id: 'msg_1', model: 'm', usage: { input_tokens: 3 } } });
const delta = event('content_block_delta', { delta: { type: 'text_delta', text: 'hello' } });
const tail = event('message_delta', { usage: { output_tokens: 1 } }) + event('message_stop', {});
const json = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  model: 'm',
  stop_reason: 'end_turn',
  usage: { input_tokens: 3 },
});
const eventStream = { 'content-type': 'text/event-stream' };
const post = { method: 'POST', body: '{"model":"m"}' };

/** What a client has of the body at any moment. */
async function open(): Promise<{ text: () => string; isEnded: () => boolean; ended: Promise<unknown> }> {
  const incoming = await openRaw(`${proxy.url}/v1/messages`, post);
  let text = '';
  let isEnded = false;
  incoming.on('data', (part: Buffer) => {
    text += part.toString('latin1');
  });
  incoming.on('error', () => {});
  const ended = new Promise<void>((resolve) => {
    incoming.on('end', () => {
      isEnded = true;
      resolve();
    });
  });
  return { text: () => text, isEnded: () => isEnded, ended };
}

/** Everything on its way has arrived, if it was ever going to. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 60));

describe('the end of an answer', () => {
  it('of a stream is its message_stop: everything before passes at once', async () => {
    let more: () => void = () => {};
    await start((_request, response) => {
      response.writeHead(200, eventStream);
      response.write(head + delta);
      more = () => response.end(tail);
    });
    const client = await open();
    await settle();
    expect(client.text()).toBe(head + delta);
    more();
    await finished;
    await settle();
    expect(client.text()).toBe(head + delta);
    letGo();
    await client.ended;
    expect(client.text()).toBe(head + delta + tail);
  });

  it('of a plain answer that came whole is the whole of it, behind its headers', async () => {
    await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': json.length }).end(json);
    });
    const client = await open();
    await finished;
    await settle();
    expect(client.text()).toBe('');
    letGo();
    await client.ended;
    expect(client.text()).toBe(json);
  });

  it('of a plain answer in parts is its last byte, behind headers that passed at once', async () => {
    let more: () => void = () => {};
    await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': json.length });
      response.write(json.slice(0, 20));
      more = () => response.end(json.slice(20));
    });
    const client = await open();
    more();
    await finished;
    await settle();
    expect(client.text()).toBe(json.slice(0, 20));
    letGo();
    await client.ended;
    expect(client.text()).toBe(json);
  });

  it('of a plain answer without a length is the end of its message', async () => {
    await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(json.slice(0, 20));
      response.end(json.slice(20));
    });
    const client = await open();
    await finished;
    await settle();
    expect(client.isEnded()).toBe(false);
    letGo();
    await client.ended;
    expect(client.text()).toBe(json);
  });

  it('of a compressed stream is found in what it decompresses to, and the bytes pass as they came', async () => {
    const sent: Buffer[] = [];
    let headSent: Promise<void> = Promise.resolve();
    let more: () => Promise<void> = async () => {};
    await start((_request, response) => {
      response.writeHead(200, { ...eventStream, 'content-encoding': 'gzip' });
      const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
      gzip.on('data', (part: Buffer) => {
        sent.push(part);
        response.write(part);
      });
      gzip.on('end', () => response.end());
      const send = (text: string) => new Promise<void>((resolve) => gzip.write(text, () => resolve()));
      headSent = send(head + delta);
      more = () => send(tail);
    });
    const client = await open();
    await headSent;
    await settle();
    const before = Buffer.concat(sent).toString('latin1');
    expect(client.text()).toBe(before);
    await more();
    await settle();
    // The stream has said its last word and not ended yet: the call is settled all the same, and the end goes then.
    expect(Buffer.concat(sent).length).toBeGreaterThan(before.length);
    expect(client.text()).toBe(before);
    await finished;
    expect(client.text()).toBe(before);
    letGo();
    await settle();
    expect(client.text()).toBe(Buffer.concat(sent).toString('latin1'));
    expect(client.isEnded()).toBe(false);
  });

  it('goes when it has waited long enough, settled or not', async () => {
    await start((_request, response) => response.writeHead(200, eventStream).end(head + delta + tail));
    const startedMs = performance.now();
    const answer = await raw(`${proxy.url}/v1/messages`, post);
    expect(answer.body.toString()).toBe(head + delta + tail);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(endHeldMaxMs - 20);
  });

  it('is not kept from what is no call', async () => {
    await start((_request, response) => response.end('{"data":[]}'));
    expect((await raw(`${proxy.url}/v1/models`)).body.toString()).toBe('{"data":[]}');
  });

  it('of an answer that breaks off is every byte that came', async () => {
    let cut: ServerResponse | null = null;
    await start((_request, response) => {
      response.writeHead(200, { ...eventStream, 'content-encoding': 'br' });
      response.write(brotliCompressSync(head + delta).subarray(0, 40));
      cut = response;
    });
    const incoming = await openRaw(`${proxy.url}/v1/messages`, post);
    incoming.on('error', () => {});
    const [part] = (await once(incoming, 'data')) as [Buffer];
    expect(part).toHaveLength(40);
    const closed = new Promise((resolve) => incoming.on('close', resolve));
    (cut as ServerResponse | null)?.destroy();
    await closed;
    await finished;
  });

  it.each([1, 64 * 1024, 3 * 1024 * 1024])('leaves %i bytes as they are, plain and compressed', async (length) => {
    const body = Buffer.from(Array.from({ length }, (_, index) => (index * 7919) % 251));
    let isGzip = false;
    await start((_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
      });
      response.end(isGzip ? gzipSync(body) : body);
    });
    letGo();
    expect((await raw(`${proxy.url}/v1/messages`, post)).body.equals(body)).toBe(true);
    isGzip = true;
    expect((await raw(`${proxy.url}/v1/messages`, post)).body.equals(gzipSync(body))).toBe(true);
  });
});
