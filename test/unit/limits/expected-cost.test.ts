/** What a call is expected to cost, and what that rests on: the cache, the book of the day, and how much is usually written. */
import { describe, expect, it } from 'vitest';

import { expectCost } from '../../../main/limits/expected-cost.ts';
import { createLetOn } from '../../../main/limits/let-on.ts';
import { createOutputHistory, nextMean, type OutputMean } from '../../../main/limits/output-history.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { noon, opus } from '../../kit/limit-calls.ts';

const call = {
  model: opus,
  promptTokens: 50_000,
  outputTokens: 1_000,
  cachedTokens: 0,
  cacheLifetime: null,
  atMs: noon,
} as const;
const cost = (more: object) => expectCost({ ...call, ...more }, currentBook);

describe('the expected cost', () => {
  it.each([
    ['without a cache', {}, 50_000 * 4_000],
    ['written for five minutes', { cacheLifetime: '5m' }, 50_000 * 5_000],
    ['written for an hour', { cacheLifetime: '1h' }, 50_000 * 8_000],
    ['read but for what is new', { cachedTokens: 45_000, cacheLifetime: '5m' }, 45_000 * 200 + 5_000 * 5_000],
    ['read, of a prompt that became shorter', { cachedTokens: 90_000, cacheLifetime: '5m' }, 50_000 * 200],
  ])('of a prompt %s is its own price by class, and the answer’s', (_what, more, promptNanoUsd) => {
    const expected = cost(more);
    expect(expected.promptNanoUsd()).toBe(promptNanoUsd);
    expect(expected.nanoUsd).toBe(promptNanoUsd + 1_000 * 20_000);
  });

  it('follows the book: long prompts at their own rate, a price that changes on its day, no price as none', () => {
    const haiku = { model: 'claude-haiku-5-5', outputTokens: 0 };
    expect(cost({ ...haiku, promptTokens: 100_000 }).nanoUsd).toBe(10_000_000);
    expect(cost({ ...haiku, promptTokens: 100_001 }).nanoUsd).toBe(50_000_500);
    const sonnet = { model: 'claude-sonnet-5-5', cachedTokens: 50_000, outputTokens: 0 };
    expect(cost({ ...sonnet, atMs: Date.parse('2026-10-06T12:00:00Z') }).nanoUsd).toBe(10_000_000);
    expect(cost(sonnet).nanoUsd).toBe(5_000_000);
    expect(cost({ model: 'claude-next-9' }).nanoUsd).toBeNull();
    expect(cost({ model: 'claude-next-9' }).promptNanoUsd()).toBe(0);
    expect(cost({ model: null }).nanoUsd).toBeNull();
  });
});

describe('the expected answer', () => {
  const means = (...outputs: readonly number[]) => outputs.reduce<OutputMean | null>(nextMean, null);

  it('is as long as the conversation’s own, helped by the model’s while there are few, and never above max_tokens', () => {
    const history = createOutputHistory();
    expect(history.expect(opus, null, null)).toBe(800);
    for (let answer = 0; answer < 10; answer++) history.learn(opus, 200);
    expect(history.expect(opus, null, null)).toBe(200);
    expect(history.expect(opus, means(500), null)).toBe(300);
    expect(history.expect(opus, means(500, 500, 500), null)).toBe(500);
    expect(history.expect(opus, means(500, 500, 500), 64)).toBe(64);
    expect(history.expect('claude-opus-4-8', null, null)).toBe(800);
  });

  it('follows what is new, and goes on after a restart', () => {
    const history = createOutputHistory();
    for (let answer = 0; answer < 200; answer++) history.learn(opus, 100);
    for (let answer = 0; answer < 150; answer++) history.learn(opus, 1_000);
    expect(history.expect(opus, null, null)).toBeGreaterThan(900);
    expect(createOutputHistory(history.snapshot()).expect(opus, null, null)).toBe(history.expect(opus, null, null));
    for (let index = 0; index < 300; index++) history.learn(`claude-new-${index}`, 5);
    expect(Object.keys(history.snapshot())).toHaveLength(100);
  });
});

describe('the conversations that were let on', () => {
  it('are bounded, the oldest going first', () => {
    const letOn = createLetOn();
    for (let index = 0; index < 1_500; index++) letOn.allow(`c${index}`, null);
    expect(Object.keys(letOn.snapshot(noon))).toHaveLength(1_000);
    expect([letOn.isLetOn('c0', noon), letOn.isLetOn('c1499', noon), letOn.isLetOn(null, noon)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
