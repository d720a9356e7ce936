import { expect, it } from 'vitest';

import { refusedWords } from '../../../shared/refused-words.ts';

it.each([
  [{ calls: 0, wouldCostNanoUsd: 0, unpricedCalls: 0 }, 3, null],
  [
    { calls: 1, wouldCostNanoUsd: 22_000_000, unpricedCalls: 0 },
    3,
    '1 of these calls was refused by limits and cost nothing; it would have cost about $0.02.',
  ],
  [
    { calls: 1, wouldCostNanoUsd: 22_000_000, unpricedCalls: 0 },
    1,
    'It was refused by limits and cost nothing; it would have cost about $0.02.',
  ],
  [
    { calls: 10_001, wouldCostNanoUsd: 220_022_000_000, unpricedCalls: 0 },
    10_001,
    'All were refused by limits and cost nothing; they would have cost about $220.02.',
  ],
  [
    { calls: 4, wouldCostNanoUsd: 5_000_000_000, unpricedCalls: 2 },
    9,
    '4 of these calls were refused by limits and cost nothing; they would have cost about $5.00; 2 without a price not counted.',
  ],
])('%o of %i are said as %s', (refused, whole, words) => {
  expect(refusedWords(refused, whole)).toBe(words);
});
