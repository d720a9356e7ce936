/**
 * The ways in which a call can end: how the far side and the client bring it about, the rule, where it is written, and the row that must follow.
 * `facts` is facts/anthropic.md; where it says "not documented" the rule is ours, and it is the one of shared/settle.ts.
 */
import type { ServerResponse } from 'node:http';

import type { ExportedCall } from '../../shared/contract/export.ts';
import { messageDelta, messageStart, messageStop, sse, textDelta } from '../kit/sse-text.ts';

export type Ending = {
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

export const model = 'claude-sonnet-5-5';
/** Nano-dollars a token of claude-sonnet-5-5 (facts section 4): $2, $2.50, $4, $0.10 and $10 a million. */
export const cost = ({ input = 0, write5m = 0, write1h = 0, read = 0, output = 0 }) =>
  input * 2_000 + write5m * 2_500 + write1h * 4_000 + read * 100 + output * 10_000;
export const ofRow = (row: ExportedCall) =>
  cost({
    input: row.input_tokens,
    write5m: row.cache_write_5m_tokens,
    write1h: row.cache_write_1h_tokens,
    read: row.cache_read_tokens,
    output: row.output_tokens,
  });

export const stream = (response: ServerResponse, text: string | Buffer, headers = {}) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  return response.write(text);
};
export const endStream = (response: ServerResponse, text: string | Buffer, headers = {}) => {
  stream(response, text, headers);
  response.end();
};
const cutStream = (response: ServerResponse, text: string | Buffer) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(text, () => response.destroy());
};
export const json = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
export const message = (id: string, more: object) => ({
  id,
  type: 'message',
  role: 'assistant',
  model,
  content: [{ type: 'text', text: 'ok' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 100, output_tokens: 10 },
  ...more,
});

export const start = (id: string, usage: object = { input_tokens: 40, cache_read_input_tokens: 7, output_tokens: 2 }) =>
  messageStart(usage, model, id);
export const text = textDelta('The quick brown fox jumps over the lazy dog. '.repeat(10));
const overloaded = sse('error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
export const whole = (id: string, stopReason: string, output: number) =>
  start(id) + text + messageDelta({ output_tokens: output }, stopReason) + messageStop;

export const known = { input_tokens: 40, cache_read_tokens: 7 };
export const exact = { status: 'complete', estimated: false } as const;
const failed = { status: 'failed', estimated: false, input_tokens: 0, output_tokens: 0 } as const;

export const endings: readonly Ending[] = [
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
];
