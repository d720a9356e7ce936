/** What is reserved for message batches: from the submission to the results, whatever ends it, beside what the ledger says. */
import { describe, expect, it } from 'vitest';

import { createBatchReservations } from '../../../main/limits/batch-reservations.ts';
import { createBudgets } from '../../../main/limits/budgets.ts';
import { createDayOf } from '../../../shared/period.ts';
import { limitsWith, measureOf, noon, rulesOf } from '../../kit/limit-calls.ts';

const cent = 10_000_000;
const hourMs = 3_600_000;
const day = '2026-11-24';
const alice = { member: 'alice', project: 'webshop', customer: null };
const batch = (id: string, cents: number, submittedAtMs = noon) => ({
  ...alice,
  id,
  submittedAtMs,
  expectedNanoUsd: cents * cent,
});

function start() {
  const budgets = createBudgets(rulesOf({ budgets: [{ of: 'team', per: 'day', usd: 1 }] }).budgets);
  const batches = createBatchReservations(budgets, createDayOf('UTC'));
  const ask = (callId: string, cents: number) => {
    const { id: _id, ...asked } = batch('', cents);
    const full = budgets.reserve({ ...alice, id: callId, day }, cents * cent, false);
    if (full === null) batches.asked(callId, asked);
    return full === null;
  };
  const reserved = (of = day) => budgets.sums('team', null, 'day', of).reservedNanoUsd / cent;
  return { budgets, batches, ask, reserved };
}

describe('what is reserved for a batch', () => {
  it('stays when it was submitted, and leaves the next one no room', () => {
    const { batches, ask, reserved } = start();
    expect(ask('call_1', 60)).toBe(true);
    expect(batches.submitted('call_1', 'b1')).toBe(60 * cent);
    expect(reserved()).toBe(60);
    expect(ask('call_2', 60)).toBe(false);
    expect(batches.isHoldingAny()).toBe(true);
  });

  it('ends when it was not taken, or nobody heard', () => {
    const { batches, ask, reserved } = start();
    ask('call_1', 60);
    expect(batches.submitted('call_1', null)).toBeNull();
    expect(reserved()).toBe(0);
    expect(batches.submitted('never asked', 'b9')).toBeNull();
    expect(batches.isHoldingAny()).toBe(false);
  });

  it('is what the ledger says as soon as that has it: less, or nothing; not before', () => {
    const { batches, ask, reserved } = start();
    ask('call_1', 60);
    batches.submitted('call_1', 'b1');
    // Read before it was noted.
    batches.load([], noon);
    expect(reserved()).toBe(60);
    batches.noted('b1');
    batches.load([batch('b1', 60)], noon);
    expect(reserved()).toBe(60);
    batches.load([batch('b1', 20)], noon);
    expect(reserved()).toBe(20);
    batches.load([], noon);
    expect(reserved()).toBe(0);
  });

  it('comes back from the ledger after a start, on the day of its submission', () => {
    const { batches, reserved } = start();
    batches.load([batch('b1', 60, noon - 24 * hourMs), batch('b2', 5)], noon);
    expect([reserved('2026-11-23'), reserved()]).toEqual([60, 5]);
  });

  it('ends by the hour even where the ledger refuses to note it', () => {
    const { batches, ask, reserved } = start();
    ask('call_1', 60);
    batches.submitted('call_1', 'b1');
    batches.load([], noon + 24 * hourMs);
    expect(reserved()).toBe(60);
    batches.load([], noon + 25 * hourMs);
    expect(reserved()).toBe(0);
  });

  it('forgets nothing of what is spent, whatever date a batch carries', () => {
    const { batches, budgets } = start();
    budgets.settle({ ...alice, id: 'call_1', day }, 30 * cent);
    batches.load([batch('b1', 60, Date.parse('2036-01-01T00:00:00Z'))], noon);
    budgets.settle({ ...alice, id: 'call_2', day }, 30 * cent);
    expect(budgets.sums('team', null, 'day', day).spentNanoUsd).toBe(60 * cent);
  });
});

describe('the limits', () => {
  const rules = (usd: number) => ({ budgets: [{ of: 'team', per: 'day', usd }] });
  const asking = (callId: string) => ({
    ...alice,
    conversation: null,
    callId,
    nowMs: noon,
    requests: [{ measure: measureOf(20_000), maxTokens: 400 }],
  });

  it('hold a batch against budgets that are set while it runs', () => {
    const limits = limitsWith({ budgets: [] });
    expect(limits.beforeBatch(asking('call_1')).kind).toBe('allowed');
    const expected = limits.batches.submitted('call_1', 'b1') ?? 0;
    expect(expected).toBeGreaterThan(3 * cent);
    limits.setRules(rulesOf(rules(1)));
    expect(limits.sums('team', null, 'day', day)).toEqual({ spentNanoUsd: 0, reservedNanoUsd: expected });
  });

  it('refuse a second batch that finds no room beside the first, which is only held', () => {
    const limits = limitsWith(rules(0.05));
    expect(limits.beforeBatch(asking('call_1')).kind).toBe('allowed');
    limits.batches.submitted('call_1', 'b1');
    const second = limits.beforeBatch(asking('call_2'));
    expect(second).toMatchObject({ kind: 'refused', cause: 'budget', headers: { 'retry-after': '60' } });
    limits.batches.noted('b1');
    limits.batches.load([], noon);
    expect(limits.beforeBatch(asking('call_2')).kind).toBe('allowed');
  });
});
