/**
 * A stream cut at every single byte, plain and compressed: what is known only ever grows, and the row follows the written rule of shared/settle.ts
 * (unpriced, then estimated, then exact, then complete) at the very byte that ends the event which decides it.
 */
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { callEnd } from '../../main/proxy/call-end.ts';
import { createTap } from '../../main/proxy/tap.ts';
import type { CallOutcome } from '../../shared/call.ts';
import { createOutputCalibration } from '../../shared/output-estimate.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { settle } from '../../shared/settle.ts';
import { messageDelta, messageStart, messageStop, textDelta } from '../kit/sse-text.ts';

const usage = {
  input_tokens: 40,
  cache_creation_input_tokens: 100,
  cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 70 },
  cache_read_input_tokens: 7,
  output_tokens: 2,
};
const parts = [
  messageStart(usage),
  textDelta('Grüße, Welt 🌍. '.repeat(9)),
  textDelta('The quick brown fox jumps over the lazy dog. '.repeat(4)),
  messageDelta({ output_tokens: 95, input_tokens: 44 }),
  messageStop,
];
/** Nano-dollars by the list: $2 in, $2.50 and $4 written, $0.10 read, $10 out a million. */
const cost = (input: number, output: number) => input * 2_000 + 30 * 2_500 + 70 * 4_000 + 7 * 100 + output * 10_000;
const { estimate } = createOutputCalibration();

async function outcomeOf(bytes: Buffer, contentEncoding: string | null): Promise<CallOutcome> {
  const tap = createTap();
  tap.start('text/event-stream', contentEncoding);
  if (bytes.length > 0) void tap.write(bytes);
  await tap.end();
  const passed = { startedAtMs: Date.parse('2026-11-24T10:00:00Z'), endedAtMs: Date.parse('2026-11-24T10:00:01Z') };
  const seen = { ...passed, firstByteMs: 1, httpStatus: 200, requestId: 'req_1', responseBytes: bytes.length };
  return settle(
    callEnd(seen, tap.progress, { kind: 'upstream_cut', reason: 'reset', didTimeOut: false }, estimate),
    currentBook,
  ).outcome;
}

/** How far an answer got: 0 nothing known, 1 estimated, 2 exact and cut, 3 complete. */
function stageOf({ status, isEstimated, costNanoUsd }: CallOutcome): number {
  if (status === 'complete') return 3;
  expect(status).toBe('partial');
  if (!isEstimated) return 2;
  return costNanoUsd === null ? 0 : 1;
}

describe.each([
  ['\n', 'LF'],
  ['\r\n', 'CRLF'],
])('a stream with %j line breaks', (lineBreak) => {
  it('that is cut at any byte is known as far as its last whole event', async () => {
    const texts = parts.map((part) => part.replaceAll('\n', lineBreak));
    const bytes = Buffer.from(texts.join(''));
    // An event is whole with the line break that ends its empty line; a bare CR ends a line too, so CRLF may be whole a byte earlier.
    const ends = texts.map((_, index) => Buffer.byteLength(texts.slice(0, index + 1).join('')));
    const [start = 0, , , delta = 0, stop = 0] = ends;
    let lastTokens = 0;
    for (let place = 0; place <= bytes.length; place++) {
      const outcome = await outcomeOf(bytes.subarray(0, place), null);
      const stage = stageOf(outcome);
      const passed = (end: number) => place >= end;
      const atLeast = passed(stop) ? 3 : passed(delta) ? 2 : passed(start) ? 1 : 0;
      const atMost = passed(stop - 2) ? 3 : passed(delta - 2) ? 2 : passed(start - 2) ? 1 : 0;
      expect(stage, `cut at byte ${place}`).toBeGreaterThanOrEqual(atLeast);
      expect(stage, `cut at byte ${place}`).toBeLessThanOrEqual(atMost);
      if (stage === 0) expect(outcome.unpricedReason).toBeTruthy();
      if (stage === 1) {
        expect(outcome.costNanoUsd).toBe(cost(40, outcome.outputTokens));
        expect(outcome.outputTokens).toBeGreaterThanOrEqual(Math.max(2, lastTokens));
        lastTokens = outcome.outputTokens;
      }
      if (stage >= 2) expect(outcome.costNanoUsd).toBe(cost(44, 95));
    }
    // 144 and 180 characters at some 3.2 a token: were the text not counted, the placeholder would have passed.
    expect(lastTokens).toBeGreaterThan(80);
  });
});

describe.each([
  ['gzip', gzipSync, 'gzip'],
  ['gzip that no header names', gzipSync, null],
  ['br', brotliCompressSync, 'br'],
  ['zstd', zstdCompressSync, 'zstd'],
] as const)('a stream as %s', (_name, compress, contentEncoding) => {
  it('that is cut at any byte is known as far as it can be decoded, and only ever more', async () => {
    // Flushed in pieces, as a server does that streams: each event can be read when it has arrived.
    const bytes = compress(Buffer.from(parts.join('')));
    const stages: number[] = [];
    for (let place = 0; place <= bytes.length; place++) {
      const outcome = await outcomeOf(bytes.subarray(0, place), contentEncoding);
      const stage = stageOf(outcome);
      if (stage >= 2) expect(outcome.costNanoUsd).toBe(cost(44, 95));
      stages.push(stage);
    }
    expect(stages).toEqual(stages.toSorted((a, b) => a - b));
    expect(stages[0]).toBe(0);
    expect(stages.at(-1)).toBe(3);
  });
});
