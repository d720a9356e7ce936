/**
 * Every way a call can end, through the whole engine: a real upstream that ends it so, a real client, and the row that the ledger then exports.
 * Each names its rule and where the rule is written. `facts` is facts/anthropic.md; where it says "not documented" the rule is ours, and it is
 * the one of shared/settle.ts.
 */
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ExportedCall } from '../../shared/contract/export.ts';
import { bytesOf, openRaw } from '../kit/raw-http.ts';
import { messageDelta, messageStart, messageStop, sse, textDelta } from '../kit/sse-text.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

type Ending = {
  readonly name: string;
  readonly rule: string;
  readonly source: string;
  readonly answer: (response: ServerResponse, id: string) => unknown;
  /** When the client goes: never, while nothing was answered, or once this text has arrived. */
  readonly leaves?: 'before headers' | { readonly after: string };
  readonly row: Partial<ExportedCall>;
  /** In nano-dollars, worked out from the counts; null: unpriced. */
  readonly cost: number | null | ((row: ExportedCall) => number);
};

const model = 'claude-sonnet-5-5';
/** Nano-dollars a token of claude-sonnet-5-5 (facts section 4): $2, $2.50, $4, $0.10 and $10 a million. */
const cost = ({ input = 0, write5m = 0, write1h = 0, read = 0, output = 0 }) =>
  input * 2_000 + write5m * 2_500 + write1h * 4_000 + read * 100 + output * 10_000;
const ofRow = (row: ExportedCall) =>
  cost({
    input: row.input_tokens,
    write5m: row.cache_write_5m_tokens,
    write1h: row.cache_write_1h_tokens,
    read: row.cache_read_tokens,
    output: row.output_tokens,
  });

const stream = (response: ServerResponse, text: string | Buffer, headers = {}) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  return response.write(text);
};
const endStream = (response: ServerResponse, text: string | Buffer, headers = {}) => {
  stream(response, text, headers);
  response.end();
};
const cutStream = (response: ServerResponse, text: string | Buffer) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(text, () => response.destroy());
};
const json = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const message = (id: string, more: object) => ({
  id,
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text: 'ok' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 100, output_tokens: 10 },
  ...more,
});

const start = (id: string, usage: object = { input_tokens: 40, cache_read_input_tokens: 7, output_tokens: 2 }) =>
  messageStart(usage, model, id);
const text = textDelta('The quick brown fox jumps over the lazy dog. '.repeat(10));
const overloaded = sse('error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
const whole = (id: string, stopReason: string, output: number) =>
  start(id) + text + messageDelta({ output_tokens: output }, stopReason) + messageStop;

const known = { input_tokens: 40, cache_read_tokens: 7 };
const exact = { status: 'complete', estimated: false } as const;
const failed = { status: 'failed', estimated: false, input_tokens: 0, output_tokens: 0 } as const;

const endings: readonly Ending[] = [
  {
    name: 'complete, as JSON',
    rule: 'the usage of the message is final',
    source: 'facts 1',
    answer: (response, id) => json(response, 200, message(id, {})),
    row: { ...exact, stop_reason: 'end_turn', input_tokens: 100, output_tokens: 10 },
    cost: cost({ input: 100, output: 10 }),
  },
  {
    name: 'complete, as a stream',
    rule: 'message_delta replaces the placeholder of message_start',
    source: 'facts 2',
    answer: (response, id) => endStream(response, whole(id, 'end_turn', 90)),
    row: { ...exact, ...known, stop_reason: 'end_turn', output_tokens: 90 },
    cost: cost({ input: 40, read: 7, output: 90 }),
  },
  {
    name: 'max_tokens',
    rule: 'billed like any other end',
    source: 'facts 1, stop reasons',
    answer: (response, id) => endStream(response, whole(id, 'max_tokens', 64)),
    row: { ...exact, stop_reason: 'max_tokens', output_tokens: 64 },
    cost: cost({ input: 40, read: 7, output: 64 }),
  },
  {
    name: 'max_tokens: 0, a warm-up of the cache',
    rule: 'no output, and the cache write is billed',
    source: 'facts 1, edge rules (prompt caching)',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, {
          stop_reason: 'max_tokens',
          content: [],
          usage: {
            input_tokens: 3,
            cache_creation_input_tokens: 2_000,
            cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 2_000 },
            output_tokens: 0,
          },
        }),
      ),
    row: { ...exact, output_tokens: 0, cache_write_1h_tokens: 2_000 },
    cost: cost({ input: 3, write1h: 2_000 }),
  },
  {
    name: 'pause_turn',
    rule: 'a turn of server tools that goes on in the next call; this one is billed as it is',
    source: 'facts 1, stop reasons',
    answer: (response, id) => endStream(response, whole(id, 'pause_turn', 30)),
    row: { ...exact, stop_reason: 'pause_turn', output_tokens: 30 },
    cost: cost({ input: 40, read: 7, output: 30 }),
  },
  {
    name: 'refusal before any output',
    rule: 'usage is reported and not billed',
    source: 'facts 1, refusals and fallback',
    answer: (response, id) =>
      endStream(response, start(id) + messageDelta({ output_tokens: 0 }, 'refusal') + messageStop),
    row: { ...exact, ...known, stop_reason: 'refusal', output_tokens: 0 },
    cost: 0,
  },
  {
    name: 'refusal after output',
    rule: 'input and streamed output are billed',
    source: 'facts 1, refusals and fallback',
    answer: (response, id) => endStream(response, whole(id, 'refusal', 12)),
    row: { ...exact, stop_reason: 'refusal', output_tokens: 12 },
    cost: cost({ input: 40, read: 7, output: 12 }),
  },
  {
    name: 'error status with a body',
    rule: 'no usage is reported with an error: free',
    source: 'facts 3, errors',
    answer: (response) =>
      json(response, 529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    row: { ...failed, http_status: 529 },
    cost: 0,
  },
  {
    name: 'error status without a body',
    rule: 'no usage is reported with an error: free',
    source: 'facts 3, errors',
    answer: (response) => response.writeHead(500).end(),
    row: { ...failed, http_status: 500 },
    cost: 0,
  },
  {
    name: '413 that is not JSON',
    rule: 'may come from the edge as a page; an error like any other',
    source: 'facts 3, errors',
    answer: (response) => response.writeHead(413, { 'content-type': 'text/html' }).end('<h1>413</h1>'),
    row: { ...failed, http_status: 413 },
    cost: 0,
  },
  {
    name: 'overloaded in mid-stream, before message_start',
    rule: 'an error told instead of an answer: free, as with an error status',
    source: 'facts 2 (error after HTTP 200), 3',
    answer: (response) => endStream(response, overloaded),
    row: { ...failed, http_status: 200 },
    cost: 0,
  },
  {
    name: 'overloaded in mid-stream, after message_start',
    rule: 'no final usage comes; input is exact, output is estimated from the text sent',
    source: 'facts 2 (error after HTTP 200)',
    answer: (response, id) => endStream(response, start(id) + text + overloaded),
    row: { status: 'partial', estimated: true, ...known },
    cost: ofRow,
  },
  {
    name: 'upstream cut before it answered',
    rule: 'it may have run: unpriced, never $0',
    source: 'facts 11 (not documented)',
    answer: (response) => response.destroy(),
    row: { status: 'partial', estimated: true, http_status: null, input_tokens: 0 },
    cost: null,
  },
  {
    name: 'upstream cut after the headers',
    rule: 'it may have run: unpriced, never $0',
    source: 'facts 11 (not documented)',
    answer: (response) => cutStream(response, ': \n\n'),
    row: { status: 'partial', estimated: true, http_status: 200, input_tokens: 0 },
    cost: null,
  },
  {
    name: 'upstream cut after message_start',
    rule: 'input and cache of message_start, the placeholder as output',
    source: 'facts 2, 11',
    answer: (response, id) => cutStream(response, start(id)),
    row: { status: 'partial', estimated: true, ...known, output_tokens: 2 },
    cost: cost({ input: 40, read: 7, output: 2 }),
  },
  {
    name: 'upstream cut in mid-text',
    rule: 'output is estimated from the text sent',
    source: 'facts 2 (client abort: practice), 11',
    answer: (response, id) => cutStream(response, start(id) + text),
    row: { status: 'partial', estimated: true, ...known },
    cost: ofRow,
  },
  {
    name: 'upstream cut inside a character of two bytes',
    rule: 'what was whole before it counts',
    source: 'WHATWG server-sent events, 9.2.6 (an unfinished event is dropped)',
    answer: (response, id) =>
      cutStream(response, Buffer.concat([Buffer.from(start(id) + textDelta('ü').slice(0, -6)), Buffer.from([0xc3])])),
    row: { status: 'partial', estimated: true, ...known },
    cost: ofRow,
  },
  {
    name: 'upstream cut after the last message_delta',
    rule: 'the delta with the stop reason is cumulative and final: exact',
    source: 'facts 2 (cumulative: replace, never add)',
    answer: (response, id) => cutStream(response, start(id) + text + messageDelta({ output_tokens: 95 })),
    row: { status: 'partial', estimated: false, ...known, output_tokens: 95, stop_reason: 'end_turn' },
    cost: cost({ input: 40, read: 7, output: 95 }),
  },
  {
    name: 'JSON that is cut',
    rule: 'it may have run: unpriced, never $0',
    source: 'facts 11 (not documented)',
    answer: (response, id) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
      response.write(JSON.stringify(message(id, {})).slice(0, 60), () => response.destroy());
    },
    row: { status: 'partial', estimated: true, input_tokens: 0 },
    cost: null,
  },
  {
    name: 'client left before the headers',
    rule: 'it may have run: unpriced, never $0',
    source: 'facts 11 (not documented)',
    answer: () => {},
    leaves: 'before headers',
    row: { status: 'partial', estimated: true, http_status: null, input_tokens: 0 },
    cost: null,
  },
  {
    name: 'client left after message_start',
    rule: 'input and cache of message_start, the placeholder as output',
    source: 'facts 2 (client abort)',
    answer: (response, id) => stream(response, start(id)),
    leaves: { after: 'message_start' },
    row: { status: 'partial', estimated: true, ...known, output_tokens: 2 },
    cost: cost({ input: 40, read: 7, output: 2 }),
  },
  {
    name: 'client left in mid-text',
    rule: 'output is estimated from the text sent',
    source: 'facts 2 (client abort: practice)',
    answer: (response, id) => stream(response, start(id) + text),
    leaves: { after: 'lazy dog' },
    row: { status: 'partial', estimated: true, ...known },
    cost: ofRow,
  },
  {
    name: 'client left after the last delta',
    rule: 'the delta with the stop reason is cumulative and final: exact',
    source: 'facts 2 (cumulative: replace, never add)',
    answer: (response, id) => stream(response, start(id) + text + messageDelta({ output_tokens: 95 })),
    leaves: { after: 'end_turn' },
    row: { status: 'partial', estimated: false, ...known, output_tokens: 95 },
    cost: cost({ input: 40, read: 7, output: 95 }),
  },
  {
    name: 'a stream with several message_delta',
    rule: 'each replaces the one before; nothing is added',
    source: 'facts 2',
    answer: (response, id) =>
      endStream(
        response,
        start(id) +
          text +
          sse('message_delta', { type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: 40 } }) +
          sse('message_delta', { type: 'message_delta', delta: {}, usage: { output_tokens: 70 } }) +
          messageDelta({ output_tokens: 90 }) +
          messageStop,
      ),
    row: { ...exact, ...known, output_tokens: 90, stop_reason: 'end_turn' },
    cost: cost({ input: 40, read: 7, output: 90 }),
  },
  {
    name: 'usage without input or cache fields in the delta, and with nulls',
    rule: 'null or absent leaves what stood there',
    source: 'facts 2 (same rule as the SDK’s MessageStream)',
    answer: (response, id) =>
      endStream(
        response,
        start(id) +
          text +
          messageDelta({
            output_tokens: 88,
            input_tokens: null,
            cache_read_input_tokens: null,
            server_tool_use: null,
          }) +
          messageStop,
      ),
    row: { ...exact, ...known, output_tokens: 88 },
    cost: cost({ input: 40, read: 7, output: 88 }),
  },
  {
    name: 'usage with nothing but output',
    rule: 'every field may be absent: read as 0, never an error',
    source: 'facts 1',
    answer: (response, id) => json(response, 200, message(id, { usage: { output_tokens: 5 } })),
    row: { ...exact, input_tokens: 0, output_tokens: 5 },
    cost: cost({ output: 5 }),
  },
  {
    name: 'usage full of nulls',
    rule: 'null is read as 0, never an error',
    source: 'facts 1',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, {
          usage: {
            input_tokens: 9,
            cache_creation_input_tokens: null,
            cache_read_input_tokens: null,
            cache_creation: null,
            output_tokens: 5,
            output_tokens_details: null,
            server_tool_use: null,
            service_tier: null,
            speed: null,
            inference_geo: null,
            iterations: null,
          },
        }),
      ),
    row: { ...exact, input_tokens: 9, output_tokens: 5, service_tier: null },
    cost: cost({ input: 9, output: 5 }),
  },
  {
    name: 'input that grows between start and end',
    rule: 'the later count replaces the earlier (a web search brings pages in)',
    source: 'facts 2 (2,679 at message_start, 10,682 in message_delta)',
    answer: (response, id) =>
      endStream(
        response,
        start(id, { input_tokens: 2_679, output_tokens: 3 }) +
          text +
          messageDelta({ input_tokens: 10_682, output_tokens: 510 }) +
          messageStop,
      ),
    row: { ...exact, input_tokens: 10_682, output_tokens: 510 },
    cost: cost({ input: 10_682, output: 510 }),
  },
  {
    name: 'cache writes that grow, without a split',
    rule: 'the growth counts as 5-minute writes; the split of the start stays',
    source: 'facts 2 (failing that treat the growth as 5m)',
    answer: (response, id) =>
      endStream(
        response,
        start(id, {
          input_tokens: 4,
          cache_creation_input_tokens: 100,
          cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 100 },
          output_tokens: 1,
        }) +
          text +
          messageDelta({ cache_creation_input_tokens: 150, output_tokens: 20 }) +
          messageStop,
      ),
    row: { ...exact, cache_write_1h_tokens: 100, cache_write_5m_tokens: 50 },
    cost: cost({ input: 4, write1h: 100, write5m: 50, output: 20 }),
  },
  {
    name: 'cache writes without any split',
    rule: 'all 5-minute writes',
    source: 'facts 1, 2',
    answer: (response, id) =>
      json(
        response,
        200,
        message(id, { usage: { input_tokens: 1, cache_creation_input_tokens: 60, output_tokens: 2 } }),
      ),
    row: { ...exact, cache_write_5m_tokens: 60, cache_write_1h_tokens: 0 },
    cost: cost({ input: 1, write5m: 60, output: 2 }),
  },
  {
    name: 'gzip without a header',
    rule: 'the first bytes decide where the header says nothing',
    source: 'facts 3, compression',
    answer: (response, id) => endStream(response, gzipSync(whole(id, 'end_turn', 77))),
    row: { ...exact, ...known, output_tokens: 77 },
    cost: cost({ input: 40, read: 7, output: 77 }),
  },
  {
    name: 'CRLF line breaks',
    rule: 'LF, CRLF and CR end a line',
    source: 'WHATWG server-sent events, 9.2.5',
    answer: (response, id) => endStream(response, whole(id, 'end_turn', 78).replaceAll('\n', '\r\n')),
    row: { ...exact, ...known, output_tokens: 78 },
    cost: cost({ input: 40, read: 7, output: 78 }),
  },
  {
    name: 'an answer without usage',
    rule: 'kept, and unpriced with a reason',
    source: 'design, invariant 7',
    answer: (response, id) => json(response, 200, message(id, { usage: undefined })),
    row: { ...exact, input_tokens: 0 },
    cost: null,
  },
  {
    name: 'a model that no book knows',
    rule: 'kept with its tokens, and unpriced with its name',
    source: 'facts 5 (match ids exactly)',
    answer: (response, id) => json(response, 200, message(id, { model: 'claude-sonnet-5-6' })),
    row: { ...exact, input_tokens: 100, output_tokens: 10, model: 'claude-sonnet-5-6' },
    cost: null,
  },
];

let upstream: Upstream;
let engine: TestEngine;
let current: Ending;
let count = 0;

beforeAll(async () => {
  upstream = await startUpstream((_request, response) => current.answer(response, `msg_ending_${count}`));
  engine = await startTestEngine({ upstream: upstream.url });
});

afterAll(async () => {
  await engine.close();
  await upstream.close();
});

async function endAs({ leaves }: Ending, url: string): Promise<void> {
  const post = { method: 'POST', body: `{"model":"${model}","stream":true}` };
  if (leaves === 'before headers') {
    const arrived = upstream.received.length + 1;
    const controller = new AbortController();
    const asked = fetch(`${url}/v1/messages`, { ...post, signal: controller.signal }).catch(() => null);
    await expect.poll(() => upstream.received.length).toBe(arrived);
    controller.abort();
    await asked;
    return;
  }
  const incoming = await openRaw(`${url}/v1/messages`, post).catch(() => null);
  if (incoming === null) return;
  if (leaves === undefined) {
    await bytesOf(incoming).catch(() => null);
    return;
  }
  let seen = '';
  while (!seen.includes(leaves.after)) seen += String((await once(incoming, 'data'))[0]);
  incoming.destroy();
}

describe('a call that ends as', () => {
  it.for(endings)('$name: $rule ($source)', async (ending) => {
    current = ending;
    count += 1;
    await endAs(ending, engine.proxyUrl);
    const before = count;
    await expect.poll(() => engine.exported().length, { timeout: 5_000 }).toBe(before);
    const row = engine.exported().at(-1);
    expect(row).toMatchObject(ending.row);
    const expected = typeof ending.cost === 'function' && row ? ending.cost(row) : ending.cost;
    expect(row?.cost_nano_usd).toBe(expected);
    expect(row?.unpriced_reason === null).toBe(expected !== null);
    if (typeof ending.cost === 'function' && !ending.name.includes('character'))
      expect(row?.output_tokens).toBeGreaterThan(50);
  });

  it('all of them leave a ledger that adds up', () => {
    expect(engine.verify()).toEqual({ calls: endings.length, findings: [] });
  });
});

describe('with drainOnAbort', () => {
  it('an answer is read to its end when the client leaves: exact, and told that it left', async () => {
    const { promise: left, resolve: onLeft } = Promise.withResolvers<void>();
    const far = await startUpstream(async (_request, response) => {
      stream(response, start('msg_drained') + text);
      await left;
      response.end(text + messageDelta({ output_tokens: 260 }) + messageStop);
    });
    const draining = await startTestEngine({ upstream: far.url, settings: { drainOnAbort: true } });
    const incoming = await openRaw(`${draining.proxyUrl}/v1/messages`, { method: 'POST', body: '{"stream":true}' });
    await once(incoming, 'data');
    incoming.destroy();
    await once(incoming, 'close');
    // The proxy hears of it over the socket, and tells nobody while it drains.
    await pause(100);
    onLeft();

    const [call] = await draining.settled(1);
    expect(call).toMatchObject({ status: 'complete', isEstimated: false, errorType: 'client_left', outputTokens: 260 });
    expect(call?.costNanoUsd).toBe(cost({ input: 40, read: 7, output: 260 }));
    await draining.close();
    await far.close();
  });
});
