/** One line of a batch's results as a call: half the price of what succeeded, nothing for what did not, and no guess for what nobody knows. */
import { describe, expect, it } from 'vitest';

import { batchCall } from '../../../main/intake/batch-call.ts';
import { readBatchResult } from '../../../shared/batch.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { unpricedAdvice } from '../../../shared/pricing/unpriced-advice.ts';

const startedAtMs = Date.parse('2026-11-20T10:00:00Z');
const context = {
  batchId: 'msgbatch_1',
  client: null,
  member: 'alice',
  project: null,
  customer: null,
  startedAtMs,
  endedAtMs: startedAtMs + 60_000,
};

function callOf(result: object) {
  const read = readBatchResult(JSON.stringify({ custom_id: 'line-1', result }));
  if (read === null) throw new Error('no result');
  return batchCall('call_1', read, context, currentBook);
}

const message = (usage: object) => ({ id: 'msg_1', model: 'claude-sonnet-5-5', stop_reason: 'end_turn', usage });

describe('a line of a batch’s results', () => {
  it.each([{ service_tier: 'batch' }, { service_tier: 'standard' }, {}])(
    'that succeeded costs half, with %o in its usage',
    (tier) => {
      const usage = { input_tokens: 100, cache_read_input_tokens: 40, output_tokens: 10, ...tier };
      const { call, lines, keys } = callOf({ type: 'succeeded', message: message(usage) });
      expect(call).toMatchObject({ source: 'batch', status: 'complete', isEstimated: false, messageId: 'msg_1' });
      // $2, $0.10 and $10 a million, halved.
      expect(call.costNanoUsd).toBe((100 * 2_000 + 40 * 100 + 10 * 10_000) / 2);
      expect(lines.every(({ basis }) => basis === 'batch')).toBe(true);
      expect(keys).toEqual(['msgbatch_1/line-1']);
    },
  );

  it.each([
    [
      'errored',
      { error: { type: 'error', error: { type: 'invalid_request_error', message: 'no' } } },
      'invalid_request_error',
    ],
    ['canceled', {}, 'canceled'],
    ['expired', {}, 'expired'],
  ])('that %s is a failed call and free', (type, more, errorType) => {
    const { call, lines } = callOf({ type, ...more });
    expect(call).toMatchObject({ status: 'failed', isEstimated: false, errorType, costNanoUsd: 0, outputTokens: 0 });
    expect(lines).toEqual([]);
  });

  it('whose kind nobody knows is unpriced, never free', () => {
    const { call } = callOf({ type: 'partly_done', message: message({ input_tokens: 100, output_tokens: 10 }) });
    expect(call).toMatchObject({
      status: 'partial',
      isEstimated: true,
      costNanoUsd: null,
      unpricedReason: 'The batch result "partly_done" is not known.',
    });
    expect(unpricedAdvice(call.unpricedReason ?? '').sentence).toBe(
      'Update Tollkeeper, then fetch the results of its batch again.',
    );
  });

  it('that succeeded without telling its usage is unpriced', () => {
    const { call } = callOf({ type: 'succeeded', message: { id: 'msg_1', model: 'claude-sonnet-5-5' } });
    expect(call).toMatchObject({
      status: 'complete',
      costNanoUsd: null,
      unpricedReason: 'The answer reports no usage.',
    });
  });
});
