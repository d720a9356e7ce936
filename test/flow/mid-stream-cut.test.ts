/** Cutting an answer whose running cost passes the call ceiling: off unless switched on, told in Anthropic's shape, and honest in the ledger. */
import Anthropic from '@anthropic-ai/sdk';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { model, questionOf, refusalOf } from '../kit/limits-far-side.ts';
import type { Encoding } from '../../main/proxy/decode.ts';
import { createCompressor, decompress, encodings } from '../kit/encodings.ts';
import { openRaw, raw } from '../kit/raw-http.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

let upstream: Upstream;
let engine: TestEngine;
/** Hands on the rest of the event that the first chunk leaves torn; then the end of the answer. */
let goOn: () => void;
let comeToAnEnd: () => void;

const event = (type: string, more: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const usage = { input_tokens: 200_000, output_tokens: 1 };
const start =
  event('message_start', {
    message: { id: 'msg_cut', type: 'message', role: 'assistant', model, content: [], stop_reason: null, usage },
  }) + event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
const delta = (text: string) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
const end =
  event('content_block_stop', { index: 0 }) +
  event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 30 } }) +
  event('message_stop');

/** The chunk ends inside an event: nothing may be written there. */
const torn = delta('and on');
/** How the answer is sent: as it is, or in an encoding. */
let headers: Record<string, string>;
let encode: (text: string) => Promise<string | Buffer>;

beforeEach(async () => {
  const going = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<void>();
  [goOn, comeToAnEnd] = [going.resolve, ending.resolve];
  headers = {};
  encode = async (text) => text;
  upstream = await startUpstream(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    response.write(await encode(start + delta('first words') + torn.slice(0, 40)));
    await going.promise;
    response.write(await encode(torn.slice(40)));
    await ending.promise;
    response.end(await encode(end));
  });
});

afterEach(async () => {
  await engine.close();
  await upstream.close();
});

async function startWith(limits: object, more: object = {}): Promise<void> {
  engine = await startTestEngine({ upstream: upstream.url, settings: { limits, ...more } });
}

/** As Anthropic's edge sends it, flushed behind each write. */
function compressed(encoding: Encoding, hasChecksum = false): void {
  headers = { 'content-encoding': encoding };
  encode = createCompressor(encoding, hasChecksum).write;
}

const streamBody = JSON.stringify(questionOf('hello', { stream: true }));
const cutRow = {
  status: 'partial',
  isEstimated: true,
  errorType: 'call_ceiling',
  inputTokens: 200_000,
  httpStatus: 200,
};

const stream = () =>
  new Anthropic({ apiKey: 'sk-ant-test', baseURL: engine.proxyUrl, maxRetries: 0 }).messages.stream(
    questionOf('hello'),
  );

describe('an answer that costs more than the ceiling', () => {
  it('is cut between two events where that is switched on, and its row is partial and estimated', async () => {
    await startWith({ callCeilingUsd: 0.5, cutsMidStream: true });
    const running = stream();
    let text = '';
    running.on('text', (part) => {
      text += part;
      goOn();
    });
    const error = await refusalOf(running.finalMessage());
    expect(error.message).toMatch(
      /Tollkeeper cut this answer: it had cost \$0\.\d\d, more than the call ceiling of \$0\.50\./,
    );
    expect(text).toBe('first wordsand on');
    await upstream.abandoned();
    const [row] = await engine.settled(1);
    expect(row).toMatchObject(cutRow);
    expect(row?.costNanoUsd).toBeGreaterThan(500_000_000);
    expect(engine.verify().findings).toEqual([]);
  });

  it('goes on to its end where it is not, as by default, or where the ceiling is higher', async () => {
    for (const limits of [{ callCeilingUsd: 0.5 }, { callCeilingUsd: 100, cutsMidStream: true }]) {
      await startWith(limits);
      goOn();
      comeToAnEnd();
      expect(await stream().finalText()).toBe('first wordsand on');
      expect(await engine.settled(1)).toMatchObject([{ status: 'complete' }]);
      if (limits.cutsMidStream === undefined) await engine.close();
    }
  });
});

describe('a compressed answer that costs more than the ceiling', () => {
  it.each(encodings)(
    'in %s is cut between two events, as a whole stream with the same last event',
    async (encoding) => {
      await startWith({ callCeilingUsd: 0.5, cutsMidStream: true });
      compressed(encoding);
      const running = stream();
      let text = '';
      running.on('text', (part) => {
        text += part;
        goOn();
      });
      const error = await refusalOf(running.finalMessage());
      expect(error.message).toMatch(/"billing_error".*Tollkeeper cut this answer: it had cost \$0\.\d\d/);
      expect(text).toBe('first wordsand on');
      await upstream.abandoned();
      const [row] = await engine.settled(1);
      expect(row).toMatchObject(cutRow);
      expect(engine.verify().findings).toEqual([]);
    },
  );

  it.each(encodings)('in %s reaches its client as the server’s bytes and one block more', async (encoding) => {
    await startWith({ callCeilingUsd: 0.5, cutsMidStream: true });
    compressed(encoding);
    const { write } = createCompressor(encoding);
    const sent = Buffer.concat([
      await write(start + delta('first words') + torn.slice(0, 40)),
      await write(torn.slice(40)),
    ]);
    goOn();
    const { body } = await raw(`${engine.proxyUrl}/v1/messages`, { method: 'POST', body: streamBody });
    expect(body.subarray(0, sent.length)).toEqual(sent);
    const text = decompress(encoding, body);
    expect(text.startsWith(start + delta('first words') + torn)).toBe(true);
    expect(text.slice((start + delta('first words') + torn).length)).toMatch(/^event: error\ndata: \{.*\}\n\n$/);
  });

  it.each(encodings)(
    'in %s is cut with its last words where its chunks come several at once, and more of them behind',
    async (encoding) => {
      await upstream.close();
      const { write } = createCompressor(encoding);
      const parts: string[] = [];
      upstream = await startUpstream(async (_request, response) => {
        let isGone = false;
        response.on('close', () => (isGone = true));
        response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding });
        for (let burst = 0; burst < 1_000 && !isGone; burst++) {
          const texts =
            burst === 0 ? [start] : ['one', 'two', 'three'].map((word) => delta(`${word} ${burst} `.repeat(31)));
          const chunks: Buffer[] = [];
          for (const text of texts) chunks.push(await write(text));
          parts.push(...texts);
          // One packet, three frames.
          response.socket?.cork();
          for (const chunk of chunks) response.write(chunk);
          response.socket?.uncork();
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
      });
      // The prompt alone is $0.80.
      await startWith({ callCeilingUsd: 0.81, cutsMidStream: true });
      const { body } = await raw(`${engine.proxyUrl}/v1/messages`, { method: 'POST', body: streamBody });
      const text = decompress(encoding, body);
      const lastAt = text.indexOf('event: error\n');
      expect(text.slice(lastAt)).toMatch(/^event: error\ndata: \{.*\}\n\n$/);
      expect(lastAt).toBeGreaterThan(1_500);
      expect(parts.join('').startsWith(text.slice(0, lastAt))).toBe(true);
      expect(await engine.settled(1)).toMatchObject([cutRow]);
    },
  );

  it('in an encoding that cannot be ended has its connection cut behind what came: the spending stops all the same', async () => {
    await startWith({ callCeilingUsd: 0.5, cutsMidStream: true });
    compressed('zstd', true);
    const { write } = createCompressor('zstd', true);
    const sent = Buffer.concat([
      await write(start + delta('first words') + torn.slice(0, 40)),
      await write(torn.slice(40)),
    ]);
    goOn();
    const incoming = await openRaw(`${engine.proxyUrl}/v1/messages`, { method: 'POST', body: streamBody });
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {});
    await new Promise<void>((resolve) => incoming.on('close', resolve));
    expect(incoming.complete).toBe(false);
    expect(Buffer.concat(chunks)).toEqual(sent);
    await upstream.abandoned();
    expect(await engine.settled(1)).toMatchObject([cutRow]);
    expect(engine.verify().findings).toEqual([]);
  });

  it('and whose connection is cut is a broken answer to an SDK, which does not ask again', async () => {
    await startWith({ callCeilingUsd: 0.5, cutsMidStream: true });
    compressed('zstd', true);
    goOn();
    const client = new Anthropic({ apiKey: 'sk-ant-test', baseURL: engine.proxyUrl, maxRetries: 2 });
    await expect(client.messages.stream(questionOf('hello')).finalMessage()).rejects.toThrow(/terminated/);
    expect(await engine.settled(1)).toMatchObject([cutRow]);
    expect(upstream.received).toHaveLength(1);
  });

  it('passes to its end where cutting is off', async () => {
    await startWith({ callCeilingUsd: 0.5 });
    compressed('br');
    goOn();
    comeToAnEnd();
    expect(await stream().finalText()).toBe('first wordsand on');
    expect(await engine.settled(1)).toMatchObject([{ status: 'complete' }]);
  });
});

describe('an answer that never comes behind an event', () => {
  it('has its connection cut after a while', async () => {
    await upstream.close();
    upstream = await startUpstream(async (_request, response) => {
      let isGone = false;
      response.on('close', () => (isGone = true));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      // One event without an end, in many chunks.
      response.write(`${start}event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"`);
      for (let piece = 0; piece < 100_000 && !isGone; piece++)
        await new Promise<void>((resolve) => response.write('x'.repeat(50), () => setImmediate(resolve)));
    });
    await startWith({ callCeilingUsd: 0.5, cutsMidStream: true });
    await expect(stream().finalMessage()).rejects.toThrow(/terminated/);
    expect(await engine.settled(1)).toMatchObject([cutRow]);
  });
});

describe('an answer whose client has left, and that is read to its end', () => {
  it.each(['identity', 'gzip'] as const)('is cut at the ceiling as well, in %s', async (encoding) => {
    await startWith({ callCeilingUsd: 0.5, cutsMidStream: true }, { drainOnAbort: true });
    if (encoding !== 'identity') compressed(encoding);
    const running = stream();
    running.on('error', () => {});
    running.on('text', () => running.abort());
    await expect(running.finalMessage()).rejects.toThrow(/aborted/);
    goOn();
    await upstream.abandoned();
    expect(await engine.settled(1)).toMatchObject([cutRow]);
  });
});
