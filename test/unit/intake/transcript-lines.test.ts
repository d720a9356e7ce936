/** The rules of a transcript's lines, each with a line as Claude Code writes it or used to. */
import { describe, expect, it } from 'vitest';

import { laterState, readTranscript, type TranscriptMessage } from '../../../main/intake/transcript-lines.ts';
import { transcriptCall } from '../../../main/intake/transcript-call.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';

const usage = { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 5, output_tokens: 3 };
const line = (more: object = {}, message: object = {}) => ({
  timestamp: '2026-11-20T10:00:00.000Z',
  sessionId: 'session-1',
  requestId: 'req_1',
  type: 'assistant',
  uuid: 'line-1',
  cwd: '/home/dev/webshop',
  message: { id: 'msg_1', model: 'claude-opus-5', stop_reason: null, type: 'message', usage, ...message },
  ...more,
});
const text = (...lines: unknown[]) => `${lines.map((each) => JSON.stringify(each)).join('\n')}\n`;
const withOutput = (output: number, at: string, stop: string | null = null) =>
  line({ timestamp: `2026-11-20T10:00:${at}.000Z` }, { usage: { ...usage, output_tokens: output }, stop_reason: stop });
const defaults = { member: 'alice', project: null, customer: null, customers: { projects: {}, members: {} } };
const callOf = (message: TranscriptMessage) => transcriptCall('call_1', message, defaults, currentBook);
const only = (messages: readonly TranscriptMessage[]): TranscriptMessage => {
  const [first] = messages;
  if (!first || messages.length !== 1) throw new Error(`expected one message, got ${messages.length}`);
  return first;
};

describe('a transcript', () => {
  it('tells a message once, in its last state, from its first line to its last', () => {
    const { messages, lines } = readTranscript(
      text(withOutput(1, '01'), withOutput(8, '02'), withOutput(80, '05', 'end_turn')),
    );
    expect(lines).toBe(3);
    expect(only(messages)).toMatchObject({ messageId: 'msg_1', stopReason: 'end_turn', usage: { output_tokens: 80 } });
    expect(only(messages).lastAtMs - only(messages).firstAtMs).toBe(4_000);
  });

  it('never takes a smaller count for a later one', () => {
    expect(only(readTranscript(text(withOutput(80, '01'), withOutput(2, '02'))).messages).usage['output_tokens']).toBe(
      80,
    );
    const [a, b] = [withOutput(80, '01'), withOutput(2, '02')].map((each) => only(readTranscript(text(each)).messages));
    if (!a || !b) throw new Error('two messages were written');
    expect(laterState(a, b)).toEqual(laterState(b, a));
  });

  it('keeps what only the first line of a message tells: where it ran, and a larger prompt', () => {
    const first = line({}, { usage: { ...usage, inference_geo: 'us', cache_read_input_tokens: 900 } });
    const last = line({}, { usage: { ...usage, output_tokens: 80 }, stop_reason: 'end_turn' });
    const { messages } = readTranscript(text(first, line(), last));
    expect(only(messages)).toMatchObject({
      stopReason: 'end_turn',
      usage: { inference_geo: 'us', cache_read_input_tokens: 900, output_tokens: 80 },
    });
  });

  it('keeps the larger count and the stop reason where they stand in different lines', () => {
    const { messages } = readTranscript(text(withOutput(80, '01'), withOutput(2, '02', 'end_turn')));
    expect(only(messages)).toMatchObject({ stopReason: 'end_turn', usage: { output_tokens: 80 } });
    const equal = readTranscript(text(withOutput(80, '01', 'end_turn'), withOutput(80, '02'))).messages;
    expect(only(equal)).toMatchObject({ stopReason: 'end_turn', usage: { output_tokens: 80 } });
  });

  it('is not misled by what a tool is called with', () => {
    const input = {
      id: 'msg_other',
      timestamp: '2001-01-01T00:00:00.000Z',
      usage: { output_tokens: 9_999, input_tokens: 7 },
      message: { id: 'msg_third' },
    };
    const content = [{ type: 'tool_use', id: 'toolu_1', name: 'Write', input }];
    const { message, ...outer } = line();
    const { id, usage: told, ...rest } = message;
    const orders = [
      { ...outer, message: { content, id, ...rest, usage: told } },
      { ...outer, message: { id, ...rest, content, usage: told } },
      { ...outer, message: { id, usage: told, ...rest, content } },
      { message: { model: rest.model, content, id, usage: told }, ...outer },
    ];
    for (const entry of orders) {
      for (const lines of [[entry], [entry, entry], [line(), entry], [entry, line()]]) {
        const read = only(readTranscript(text(...lines)).messages);
        expect(read).toMatchObject({ messageId: 'msg_1', usage });
        expect(read.firstAtMs).toBe(Date.parse('2026-11-20T10:00:00.000Z'));
      }
    }
  });

  it('counts a message once that is told under two requests: the second was answered from a cache', () => {
    expect(readTranscript(text(line(), line({ requestId: 'req_2' }))).messages).toHaveLength(1);
  });

  it('counts two messages of one request as two', () => {
    expect(readTranscript(text(line(), line({}, { id: 'msg_2' }))).messages).toHaveLength(2);
  });

  it('without ids of messages counts a request once, and without either a line', () => {
    const nameless = (uuid: string, requestId?: string) => line({ requestId, uuid }, { id: undefined });
    const ofRequest = readTranscript(text(nameless('a', 'req_1'), nameless('b', 'req_1'), nameless('c', 'req_2')));
    expect(ofRequest.messages).toHaveLength(2);
    expect(readTranscript(text(nameless('a'), nameless('b'), nameless('b'))).messages).toHaveLength(2);
  });

  it('is read the same however its JSON is spaced', () => {
    const spaced = `${JSON.stringify(line(), null, 1).replaceAll('\n', '')}\n`;
    expect(readTranscript(spaced).messages).toEqual(readTranscript(text(line())).messages);
  });

  it.each([
    ['a prompt', { type: 'user', message: { role: 'user', content: 'hi "usage"' } }],
    ['a message that Claude Code made up', line({}, { model: '<synthetic>' })],
    ['an error of the API', line({ isApiErrorMessage: true })],
    ['a tool result that quotes a usage', { type: 'user', toolUseResult: { usage }, message: { role: 'user' } }],
    ['a line without a time', line({ timestamp: undefined })],
    ['a summary', { type: 'summary', summary: 'usage' }],
  ])('passes %s over', (_what, entry) => {
    expect(readTranscript(text(entry)).messages).toEqual([]);
  });

  it('counts broken lines and reads the rest', () => {
    const broken = JSON.stringify(line()).slice(0, 90);
    const { messages, brokenLines } = readTranscript(`${broken}\n${text(line())}{"usage": nonsense}\n\r\n`);
    expect([messages.length, brokenLines]).toEqual([1, 2]);
  });

  it('finds a subagent’s line inside its parent’s progress', () => {
    const nested = {
      type: 'progress',
      sessionId: 'session-1',
      cwd: '/home/dev/webshop',
      timestamp: '2026-11-20T10:00:09Z',
      data: { message: line({ sessionId: undefined, cwd: undefined }) },
    };
    expect(only(readTranscript(text(nested)).messages)).toMatchObject({
      messageId: 'msg_1',
      sessionId: 'session-1',
      cwd: '/home/dev/webshop',
      isSidechain: true,
    });
  });

  it('gives a sidechain a conversation of its own', () => {
    const side = only(readTranscript(text(line({ isSidechain: true, agentId: 'agent-7' }))).messages);
    expect(callOf(side).call.conversation).toBe('session-1/agent-7');
    expect(callOf(only(readTranscript(text(line())).messages)).call.conversation).toBe('session-1');
  });
});

describe('a call of a transcript', () => {
  it('is complete, belongs to the folder it was made in, and is exact only with a stop reason', () => {
    const { call } = callOf(only(readTranscript(text(withOutput(80, '01', 'end_turn'))).messages));
    expect(call).toMatchObject({
      source: 'claude_code',
      status: 'complete',
      isEstimated: false,
      member: 'alice',
      project: 'webshop',
    });
    // $5 and $25 a million, reads at $0.50 (facts section 4).
    expect(call.costNanoUsd).toBe(10 * 5_000 + 5 * 500 + 80 * 25_000);
    expect(callOf(only(readTranscript(text(withOutput(80, '01'))).messages)).call.isEstimated).toBe(true);
  });

  it.each([
    ['/home/dev/webshop/', 'webshop'],
    ['C:\\work\\webshop', 'webshop'],
    ['/', null],
  ])('in %s is of project %s', (cwd, project) => {
    expect(callOf(only(readTranscript(text(line({ cwd }))).messages)).call.project).toBe(project);
  });

  it('of an old version and an unknown model costs what Claude Code wrote', () => {
    const old = only(readTranscript(text(line({ costUSD: 0.0123456789 }, { model: 'claude-old-9' }))).messages);
    const { call, lines } = callOf(old);
    expect(call).toMatchObject({ costNanoUsd: 12_345_679, unpricedReason: null, priceBook: 'claude-code' });
    expect(lines).toMatchObject([{ tokenClass: 'imported', amountPicoUsd: 12_345_679_000 }]);
    // A known model is priced by the book; the old figure was a float of its own.
    const priced = only(readTranscript(text(line({ costUSD: 9 }))).messages);
    expect(callOf(priced).call.costNanoUsd).toBe(10 * 5_000 + 5 * 500 + 3 * 25_000);
  });

  it.each([
    ['its request', {}, 'req_1'],
    ['its line', { requestId: undefined }, 'line:line-1'],
    ['session and time', { requestId: undefined, uuid: undefined }, 'line:session-1 1795168800000'],
  ])('without an id of the message is known by %s, so that it is not counted again', (_what, more, key) => {
    const nameless = only(readTranscript(text(line(more, { id: undefined }))).messages);
    expect(callOf(nameless)).toMatchObject({ call: { messageId: null }, keys: [key] });
  });
});
