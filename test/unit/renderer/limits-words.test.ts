/** Rules and budgets in words, and the geometry of a budget's bar. */
import { describe, expect, it } from 'vitest';

import {
  budgetShares,
  budgetStanding,
  ceilingRule,
  contextRule,
  furtherRules,
  projectRules,
  whoseBudget,
} from '../../../renderer/views/limits/limits-words.ts';
import type { BudgetRow } from '../../../shared/contract/limits-view.ts';

const usd = 1_000_000_000;
const budget = (spent: number, reserved: number): BudgetRow => ({
  of: 'member',
  whose: 'alice',
  per: 'day',
  limitNanoUsd: 20 * usd,
  spentNanoUsd: spent * usd,
  reservedNanoUsd: reserved * usd,
  warnedPercent: 0,
  resetsAtMs: 0,
});

describe('a budget', () => {
  it('is spent, reserved and left', () => {
    expect(budgetShares(budget(12, 3))).toEqual({ spent: 60, reserved: 15, percent: 60, leftNanoUsd: 5 * usd });
  });

  it('never overflows its bar and is never less than nothing left', () => {
    const { spent, reserved, percent, leftNanoUsd } = budgetShares(budget(25, 5));
    expect([spent + reserved, percent, leftNanoUsd]).toEqual([100, 125, 0]);
    // A correction may have taken more away than the day has spent.
    expect(budgetShares(budget(-1, 0))).toEqual({ spent: 0, reserved: 0, percent: 0, leftNanoUsd: 21 * usd });
  });

  it('stands well, near its end, spoken for or spent, with a word for each colour', () => {
    expect([budget(15.99, 0), budget(16, 0), budget(10, 10), budget(20, 0)].map(budgetStanding)).toEqual([
      { tone: 'well', word: 'well' },
      { tone: 'look', word: 'near its end' },
      { tone: 'look', word: 'all spoken for' },
      { tone: 'stopped', word: 'spent' },
    ]);
  });

  it('says whose it is', () => {
    expect([
      whoseBudget(budget(0, 0)),
      whoseBudget({ of: 'team', whose: null }),
      whoseBudget({ of: 'project', whose: null }),
    ]).toEqual(['member alice', 'the team', 'project unassigned']);
  });
});

describe('a rule', () => {
  const all = { contextLimitTokens: 100_000, callCeilingNanoUsd: 10 * usd };

  it('is a sentence with its number and what it means', () => {
    expect(contextRule(100_000)).toBe(
      'A prompt of more than 100,000 tokens (about 110 pages of text) is stopped before it is sent; its conversation is warned at 50, 75 and 90 %.',
    );
    expect(ceilingRule(10 * usd)).toBe(
      'A call that is expected to cost more than $10.00 is stopped before it is sent.',
    );
    expect([contextRule(null), ceilingRule(null)].every((sentence) => sentence.includes('no '))).toBe(true);
  });

  it('of a project says only what differs', () => {
    expect(projectRules({ ...all, callCeilingNanoUsd: 2 * usd }, all)).toEqual([ceilingRule(2 * usd)]);
    expect(projectRules(all, all)).toEqual([]);
  });

  it('says what is switched off as well', () => {
    const on = furtherRules({ asksCountTokens: true, hasWarningHeader: true, cutsMidStream: true });
    const off = furtherRules({ asksCountTokens: false, hasWarningHeader: false, cutsMidStream: false });
    expect(on.filter((sentence) => off.includes(sentence))).toEqual([]);
    expect(off[0]).toBe('An answer that has begun is never cut, whatever it comes to.');
  });
});
