/** A plan and its change in sentences. */
import { describe, expect, it } from 'vitest';

import { planSchema, type DatedPlan } from '../../../shared/contract/plan.ts';
import { markupWords, planChangeSentences, planSentence } from '../../../shared/plan-words.ts';
import { labelledValueInWords, valueInWords, worthInWords } from '../../../shared/meter-amount-words.ts';

const plan = (wish: object) => planSchema.parse({ kind: 'cost', ...wish });
const inForce: DatedPlan = { seq: 1, fromMs: 0, setAtMs: 0, plan: plan({}) };
const change = (wish: object, more: object = {}) =>
  planChangeSentences({
    before: inForce,
    next: null,
    wish: plan(wish),
    fromWords: 'from 10:42 on',
    facts: { waiting: [], models: ['claude-haiku-5-5', 'claude-opus-5-5'] },
    ...more,
  });

describe('a plan in words', () => {
  it('says what Stripe is told, on which meters, and with which markup', () => {
    expect(planSentence(plan({ markupPercent: 20 }))).toBe(
      'Stripe is told what each call costs in micro-dollars, with 20 % added. One meter: tollkeeper_cost_micro_usd.',
    );
    expect(planSentence(plan({ kind: 'tokens-by-model' }))).toMatch(
      /six meters a model that begin with tollkeeper_tokens_/,
    );
    expect(markupWords(plan({ markupPercent: 12.5, customerMarkupPercent: { cus_a: 0 } }))).toBe(
      'with 12.5 % added (0 % for cus_a)',
    );
  });
});

describe('a change in words', () => {
  it('says from when, what stays, and how many meters Stripe needs', () => {
    const unit = { unit: 'micro_usd', tokenClass: null, model: null, meter: 'm' } as const;
    const told = change(
      { kind: 'tokens-by-model' },
      {
        facts: { waiting: [{ ...unit, events: 3, worthNanoUsd: 1_230_000_000 }], models: ['a', 'b'] },
      },
    );
    expect(told[0]).toMatch(
      /^Calls that start from 10:42 on are counted under the new plan\. Stripe is told how many tokens/,
    );
    expect(told).toContain('3 sealed events wait, worth $1.23: they keep their meter and amount.');
    expect(told.at(-1)).toMatch(/^Stripe needs 12 meters before/);
  });

  it('needs no new meter where only a markup changes', () => {
    expect(change({ markupPercent: 5 })).toHaveLength(2);
  });

  it('is nothing where nothing changes, and drops what was set where the plan in force is wanted again', () => {
    expect(change({})).toEqual([]);
    const next = { ...inForce, seq: 2, fromMs: 60_000, plan: plan({ kind: 'tokens' }) };
    expect(change({}, { next })).toEqual([
      'The change that was set and has not begun is dropped; the plan in force stays.',
    ]);
    expect(change({ kind: 'tokens' }, { next })).toEqual([]);
  });
});

describe('an amount of a meter in words', () => {
  it('never says tokens in dollars', () => {
    const label = { unit: 'token', tokenClass: 'input', model: 'claude-opus-5-5' } as const;
    expect(valueInWords('micro_usd', 1_204)).toBe('$0.001204');
    expect(valueInWords('token', 1_204)).toBe('1,204 tokens');
    expect(valueInWords('request', 1)).toBe('1 search');
    expect(labelledValueInWords(label, 1_204)).toBe('1,204 input tokens of claude-opus-5-5');
    expect(worthInWords({ nanoUsd: 38_200_000_000, tokens: 1_204, requests: 3, unpricedEvents: 1 })).toBe(
      'at least $38.20 (1,204 tokens and 3 searches)',
    );
    expect(worthInWords({ nanoUsd: 38_200_000_000 })).toBe('$38.20');
  });
});
