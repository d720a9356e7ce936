/** The written rule of how a call ends: status, estimate mark, price. */
import { describe, expect, it } from 'vitest';

import { currentBook } from '../../../shared/pricing/current-book.ts';
import { settle, type CallEnd } from '../../../shared/settle.ts';
import { readUsage } from '../../../shared/usage.ts';

const whole: CallEnd = {
  startedAtMs: Date.parse('2026-11-24T10:00:00Z'),
  endedAtMs: Date.parse('2026-11-24T10:00:05Z'),
  firstByteMs: 300,
  httpStatus: 200,
  requestId: 'req_1',
  responseBytes: 900,
  model: 'claude-sonnet-5-5',
  messageId: 'msg_1',
  stopReason: 'end_turn',
  errorType: null,
  usage: readUsage({ input_tokens: 100, cache_read_input_tokens: 1_000, output_tokens: 10 }),
  usageJson: '{}',
  isWhole: true,
  outputTokensSoFar: 10,
  trouble: null,
};
/** 100 × $2/M + 1,000 × $0.10/M + 10 × $10/M, in nano-dollars. */
const wholeCost = 200_000 + 100_000 + 100_000;

describe('a call', () => {
  it('that was answered whole is complete and priced', () => {
    const { outcome, lines } = settle(whole, currentBook);
    expect(outcome).toMatchObject({
      status: 'complete',
      isEstimated: false,
      costNanoUsd: wholeCost,
      priceBook: currentBook.version,
      unpricedReason: null,
    });
    expect(lines.map((line) => [line.tokenClass, line.quantity])).toEqual([
      ['input', 100],
      ['cache_read', 1_000],
      ['output', 10],
    ]);
  });

  it('that was cut keeps its exact input and has its output estimated from what was sent', () => {
    const { outcome } = settle(
      { ...whole, isWhole: false, stopReason: null, outputTokensSoFar: 60, errorType: 'client_left' },
      currentBook,
    );
    expect(outcome).toMatchObject({
      status: 'partial',
      isEstimated: true,
      inputTokens: 100,
      outputTokens: 60,
      costNanoUsd: wholeCost + 50 * 10_000,
    });
  });

  it('that was cut before any usage is unpriced with a reason, never $0', () => {
    const { outcome } = settle(
      { ...whole, usage: null, isWhole: false, trouble: 'The client left before Anthropic reported the usage.' },
      currentBook,
    );
    expect(outcome).toMatchObject({
      status: 'partial',
      isEstimated: true,
      costNanoUsd: null,
      unpricedReason: 'The client left before Anthropic reported the usage.',
    });
  });

  it.each([400, 401, 429, 529])('that was answered %i costs nothing', (httpStatus) => {
    const { outcome } = settle(
      { ...whole, httpStatus, usage: null, isWhole: false, errorType: 'an_error' },
      currentBook,
    );
    expect(outcome).toMatchObject({ status: 'failed', isEstimated: false, costNanoUsd: 0, unpricedReason: null });
  });

  it('that never reached Anthropic costs nothing, one that was taken and not answered is unknown', () => {
    const silent = { ...whole, httpStatus: null, usage: null, isWhole: false, trouble: 'because' };
    expect(settle({ ...silent, errorType: 'unreachable' }, currentBook).outcome).toMatchObject({
      status: 'failed',
      costNanoUsd: 0,
    });
    expect(settle({ ...silent, errorType: 'no_answer' }, currentBook).outcome).toMatchObject({
      status: 'partial',
      costNanoUsd: null,
    });
  });

  it('of an unknown model is unpriced with its name, and keeps its tokens', () => {
    const { outcome, lines } = settle({ ...whole, model: 'claude-sonnet-5-5-20991231' }, currentBook);
    expect(outcome).toMatchObject({ status: 'complete', costNanoUsd: null, inputTokens: 100, cacheReadTokens: 1_000 });
    expect(outcome.unpricedReason).toContain('claude-sonnet-5-5-20991231');
    expect(lines).toEqual([]);
  });

  it('that was refused before any output is free, and one refused later is not', () => {
    const refused = { ...whole, stopReason: 'refusal' };
    const silent = settle(
      { ...refused, usage: readUsage({ input_tokens: 100, output_tokens: 0 }) },
      currentBook,
    ).outcome;
    expect(silent).toMatchObject({ costNanoUsd: 0, unpricedReason: null, inputTokens: 100 });
    expect(settle(refused, currentBook).outcome.costNanoUsd).toBe(wholeCost);
  });

  it('that only warms the cache is billed', () => {
    const usage = readUsage({ input_tokens: 3, cache_creation_input_tokens: 2_000, output_tokens: 0 });
    expect(settle({ ...whole, usage, stopReason: 'max_tokens' }, currentBook).outcome.costNanoUsd).toBe(
      3 * 2_000 + 2_000 * 2_500,
    );
  });
});
