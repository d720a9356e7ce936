/** Causes of a difference between two meters are worked out, and what they do not come to is told. The other side's figures are what ccusage 20.0.24 prints. */
import { describe, expect, it } from 'vitest';

import { currentBook } from '../../../shared/pricing/current-book.ts';
import { ccusageSums } from '../../bench/ccusage.ts';
import { explainDifferences, type ModelSums } from '../../bench/import-differences.ts';
import { edgeLines } from '../../bench/import-edge-cases.ts';
import { differencesTable } from '../../bench/import-totals.ts';
import { toldMessages } from '../../bench/told-messages.ts';

const messages = toldMessages(edgeLines());
const sums = (costUsd: number, more: Partial<ModelSums> = {}): ModelSums => {
  return {
    inputTokens: 1_000,
    cacheWriteTokens: 5_000,
    cacheReadTokens: 20_000,
    outputTokens: 5_000,
    costUsd,
    ...more,
  };
};
const explain = (model: string, ours: ModelSums, theirs: ModelSums) =>
  explainDifferences(
    new Map([[model, ours]]),
    new Map([[model, theirs]]),
    (name) => messages.filter((message) => message.model === name),
    currentBook,
  );

describe('a difference between two totals', () => {
  it.each([
    ['claude-fable-5-2', sums(0.28), sums(0), /no such model/],
    ['claude-haiku-4-5-20251001', sums(0.0665), sums(0.0365), /web searches/],
    ['claude-sonnet-4-6', sums(0.12045), sums(0.1095), /residency/],
    ['claude-opus-4-6', sums(0.1825), sums(0.365, doubled()), /two request ids/],
    ['claude-opus-5', sums(0.4825, { inputTokens: 51_000, outputTokens: 7_000 }), sums(0.1825), /iterations/],
    [
      'claude-sonnet-4-5-20250929',
      sums(1.9755, { inputTokens: 300_000 }),
      sums(1.3065, { inputTokens: 300_000 }),
      /long prompt/,
    ],
  ])('of %s has the one cause that was put into it, to the whole amount', (model, ours, theirs, words) => {
    const [difference] = explain(model, ours, theirs);
    expect(difference?.causes).toHaveLength(1);
    expect(difference?.causes[0]?.words).toMatch(words);
    expect(difference?.causes[0]?.tokens).toBe(difference?.tokens);
    expect(difference?.causes[0]?.costUsd).toBeCloseTo(difference?.costUsd ?? Number.NaN, 9);
    expect(difference?.unexplained).toEqual({ tokens: 0, costUsd: 0 });
  });

  it('is none where both agree but for the rounding of floats', () => {
    expect(explain('claude-sonnet-5', sums(0.073), sums(0.073_000_000_000_000_01))).toEqual([]);
  });

  it('that no rule comes to is told as not explained', () => {
    const ours = new Map([['claude-sonnet-5', sums(0.073)]]);
    const theirs = new Map([['claude-sonnet-5', sums(0.05, { outputTokens: 4_000 })]]);
    const differences = explain('claude-sonnet-5', sums(0.073), sums(0.05, { outputTokens: 4_000 }));
    expect(differences[0]?.causes).toEqual([]);
    expect(differences[0]?.unexplained.tokens).toBe(1_000);
    expect(differences[0]?.unexplained.costUsd).toBeCloseTo(0.023, 9);
    expect(differencesTable(differences, ours, theirs).join('\n')).toContain('not explained');
  });

  it('is looked for by model, and a fast call is one of its model', () => {
    const part = { inputTokens: 1, cacheCreationTokens: 2, cacheReadTokens: 3, outputTokens: 4, cost: 0.5 };
    const printed = JSON.stringify({
      daily: [
        { modelBreakdowns: [{ modelName: 'claude-opus-4-8-fast', ...part }] },
        { modelBreakdowns: [{ modelName: 'claude-opus-4-8', ...part }] },
      ],
    });
    const expected = { inputTokens: 2, cacheWriteTokens: 4, cacheReadTokens: 6, outputTokens: 8, costUsd: 1 };
    expect(ccusageSums(printed)).toEqual(new Map([['claude-opus-4-8', expected]]));
  });
});

function doubled(): Partial<ModelSums> {
  return { inputTokens: 2_000, cacheWriteTokens: 10_000, cacheReadTokens: 40_000, outputTokens: 10_000 };
}
