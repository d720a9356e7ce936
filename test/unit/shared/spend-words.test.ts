/** What a sum says of the calls that are not in it, and what to do about each reason that the product itself gives. */
import { describe, expect, it } from 'vitest';

import { interruptedReason } from '../../../main/ledger/recover.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { priceUsage } from '../../../shared/pricing/price.ts';
import { rerateSentence } from '../../../shared/pricing/rerate-words.ts';
import { unpricedAdvice } from '../../../shared/pricing/unpriced-advice.ts';
import { settle, type CallEnd } from '../../../shared/settle.ts';
import { sumInWords, typicalNanoUsd } from '../../../shared/spend-words.ts';
import { readUsage } from '../../../shared/usage.ts';

describe('a sum', () => {
  it.each([
    [{ costNanoUsd: 412_100_000_000, unpricedCalls: 3 }, '$412.10 + 3 calls unpriced'],
    [{ costNanoUsd: 412_100_000_000, unpricedCalls: 1 }, '$412.10 + 1 call unpriced'],
    [{ costNanoUsd: 412_100_000_000, unpricedCalls: 0 }, '$412.10'],
    [{ costNanoUsd: 0, unpricedCalls: 1_200 }, '1,200 calls unpriced'],
    [{ costNanoUsd: 0, unpricedCalls: 0 }, '$0.00'],
  ])('%o is "%s"', (sum, words) => {
    expect(sumInWords(sum)).toBe(words);
  });

  it('has a typical call of those that are priced and came to something', () => {
    expect(typicalNanoUsd({ costNanoUsd: 100, calls: 12, failedCalls: 0, unpricedCalls: 2 })).toBe(10);
    expect(typicalNanoUsd({ costNanoUsd: 100, calls: 10_012, failedCalls: 10_000, unpricedCalls: 2 })).toBe(10);
    expect(typicalNanoUsd({ costNanoUsd: 0, calls: 5, failedCalls: 3, unpricedCalls: 2 })).toBeNull();
    expect(typicalNanoUsd({ costNanoUsd: 0, calls: 0, failedCalls: 0, unpricedCalls: 0 })).toBeNull();
  });
});

const usage = { input_tokens: 1, output_tokens: 1 };
/** The reason as the price engine says it. */
function reasonOf(model: string | null, more: object = {}): string {
  const question = { model, usage: readUsage({ ...usage, ...more }), stopReason: null, atMs: Date.parse('2026-11-24') };
  const priced = priceUsage(question, currentBook);
  if (priced.kind === 'priced') throw new Error(`${String(model)} has a price`);
  return priced.reason;
}

/** The reason as a call without usage gets it. */
function endedWithout(more: Partial<CallEnd>): string {
  const end: CallEnd = {
    startedAtMs: 0,
    endedAtMs: 1,
    firstByteMs: null,
    httpStatus: 200,
    requestId: null,
    responseBytes: 0,
    model: null,
    messageId: null,
    stopReason: null,
    errorType: 'upstream_cut',
    usage: null,
    usageJson: null,
    isWhole: false,
    outputTokensSoFar: 0,
    trouble: null,
    ...more,
  };
  const { unpricedReason } = settle(end, currentBook).outcome;
  if (unpricedReason === null) throw new Error('it has a price');
  return unpricedReason;
}

describe('the advice about an unpriced call', () => {
  it.each([
    [reasonOf('claude-opus-6'), 'prices'],
    [reasonOf('claude-2.1', { cache_read_input_tokens: 5 }), 'prices'],
    [reasonOf('claude-sonnet-5-5', { speed: 'fast' }), 'prices'],
    [reasonOf('claude-mythos-preview', { service_tier: 'batch' }), 'prices'],
    [reasonOf('claude-opus-5-5', { service_tier: 'priority' }), 'invoice'],
    [reasonOf('claude-opus-5-5', { service_tier: 'flex' }), 'update'],
    [reasonOf('claude-opus-5-5', { speed: 'ludicrous' }), 'update'],
    [reasonOf('claude-opus-5-5', { inference_geo: 'europe-west1' }), 'update'],
    [reasonOf('claude-opus-5-5', { video_tokens: 7 }), 'update'],
    [reasonOf(null), 'source'],
    [interruptedReason, 'source'],
    [endedWithout({}), 'source'],
    [endedWithout({ isWhole: true, errorType: null }), 'source'],
    [endedWithout({ trouble: 'The client left before Anthropic reported the usage.' }), 'source'],
    [endedWithout({ trouble: 'The connection to Anthropic broke before it reported the usage.' }), 'source'],
    [endedWithout({ trouble: 'Anthropic took the request and gave no answer.' }), 'source'],
    [endedWithout({ trouble: 'The answer was larger than 64 MB.' }), 'source'],
    ['A sentence of an earlier version.', 'unknown'],
  ])('"%s" is of the kind %s', (reason, kind) => {
    expect(unpricedAdvice(reason).kind).toBe(kind);
  });
});

describe('pricing past calls again', () => {
  it('says what changed and what has no price still', () => {
    const answer = {
      isTrial: true,
      priceBook: 'own-1',
      checked: 412,
      changed: 41,
      newlyPriced: 40,
      stillUnpriced: 1,
      kept: 0,
      differenceNanoUsd: 3_200_000_000,
    };
    expect(rerateSentence(answer)).toBe(
      '412 calls checked against price book own-1: 41 would change, +$3.200000 in all. 40 of them had no price. 1 call would stay unpriced.',
    );
    expect(rerateSentence({ ...answer, isTrial: false, checked: 1, changed: 0, newlyPriced: 0, kept: 1 })).toBe(
      '1 call checked against price book own-1: 0 changed, +$3.200000 in all. 1 call is still unpriced. 1 call keeps what it has: this book cannot price it.',
    );
  });
});
