/** Budgets: whose and when, concurrency, warnings once, restarts, and the days and months of the team's own zone. */
import { describe, expect, it } from 'vitest';

import { resetDayOf, secondsToReset } from '../../../main/limits/budget-period.ts';
import { createBudgets } from '../../../main/limits/budgets.ts';
import { callAfter, callBefore, limitsWith, measureOf, noon, rulesOf } from '../../kit/limit-calls.ts';

const cent = 10_000_000;
const alice = { member: 'alice', project: 'webshop', customer: 'cus_1' };
const day = '2026-11-24';
const call = (id: string, more: object = {}) => ({ id, day, ...alice, ...more });
const budgetsOf = (...budgets: object[]) => createBudgets(rulesOf({ budgets }).budgets);

describe('a budget', () => {
  it('of each member, of a project, of a customer and of the team holds for whom it says', () => {
    const budgets = budgetsOf(
      { of: 'member', per: 'day', usd: 1 },
      { of: 'project', name: 'webshop', per: 'month', usd: 2 },
      { of: 'customer', name: 'cus_2', per: 'day', usd: 0.5 },
      { of: 'team', per: 'month', usd: 3 },
    );
    budgets.settle(call('1'), 99 * cent);
    expect(budgets.reserve(call('2'), 2 * cent, false)?.account).toMatchObject({
      whose: 'alice',
      budget: { of: 'member' },
    });
    expect(budgets.reserve(call('3', { member: 'bob' }), 2 * cent, false)).toBeNull();
    budgets.settle(call('3', { member: 'bob' }), 100 * cent);
    expect(budgets.reserve(call('4', { member: 'carol' }), 2 * cent, false)?.account.budget.of).toBe('project');
    expect(budgets.reserve(call('5', { member: 'carol', project: 'docs' }), 2 * cent, false)).toBeNull();
    budgets.settle(call('5', { member: 'carol', project: 'docs', customer: 'cus_2' }), 100 * cent);
    expect(
      budgets.reserve(call('6', { member: 'dave', project: 'docs', customer: 'cus_2' }), 0, false)?.account.budget.of,
    ).toBe('customer');
    expect(budgets.reserve(call('7', { member: 'dave', project: 'docs' }), 2 * cent, false)?.account.budget.of).toBe(
      'team',
    );
  });

  it('of each member does not hold for calls without one', () => {
    const budgets = budgetsOf({ of: 'member', per: 'day', usd: 0.01 });
    budgets.settle(call('1', { member: null }), 100 * cent);
    expect(budgets.reserve(call('2', { member: null }), cent, false)).toBeNull();
  });

  it('of a day begins anew the next day, of a month the next month; a call counts where it began', () => {
    const budgets = budgetsOf({ of: 'team', per: 'day', usd: 1 }, { of: 'team', per: 'month', usd: 2 });
    budgets.settle(call('1'), 100 * cent);
    expect(budgets.reserve(call('2'), cent, false)?.account.budget.per).toBe('day');
    expect(budgets.reserve(call('3', { day: '2026-11-25' }), cent, false)).toBeNull();
    // Begun before midnight, ended after it.
    budgets.settle(call('4'), 100 * cent);
    expect(budgets.sums('team', null, 'day', '2026-11-25').spentNanoUsd).toBe(0);
    expect(budgets.sums('team', null, 'day', day).spentNanoUsd).toBe(200 * cent);
    expect(budgets.reserve(call('5', { day: '2026-11-26' }), cent, false)?.account.budget.per).toBe('month');
    expect(budgets.reserve(call('6', { day: '2026-12-01' }), cent, false)).toBeNull();
  });

  it('that is set, changed or removed while calls are on their way counts what they have reserved, to the end of each', () => {
    const budgets = budgetsOf();
    budgets.reserve(call('1'), 10 * cent, false);
    budgets.reserve(call('2', { member: 'bob' }), 20 * cent, true);
    budgets.hold(call('batch'), 30 * cent);
    const reserved = () => budgets.accounts(day).map(({ whose, sums }) => [whose, sums.reservedNanoUsd / cent]);
    const set = (...next: object[]) => budgets.setBudgets(rulesOf({ budgets: next }).budgets);
    set({ of: 'member', per: 'day', usd: 1 }, { of: 'team', per: 'month', usd: 5 });
    expect(reserved()).toEqual([
      ['alice', 40],
      ['bob', 20],
      [null, 60],
    ]);
    set({ of: 'team', per: 'month', usd: 0.5 });
    expect(reserved()).toEqual([[null, 60]]);
    expect(budgets.reserve(call('3'), cent, false)).toMatchObject({ isHeld: true });
    budgets.settle(call('1'), 12 * cent);
    budgets.release('2');
    set({ of: 'project', name: 'webshop', per: 'day', usd: 1 }, { of: 'team', per: 'month', usd: 0.5 });
    expect(reserved()).toEqual([
      ['webshop', 30],
      [null, 30],
    ]);
    budgets.release('batch');
    set();
    set({ of: 'team', per: 'month', usd: 5 });
    expect(reserved()).toEqual([[null, 0]]);
    expect(budgets.sums('team', null, 'month', day)).toEqual({ spentNanoUsd: 12 * cent, reservedNanoUsd: 0 });
    expect(budgets.size().reservations).toBe(0);
  });

  it('warns at 50, 80 and 100 percent, each once, and of several passed at once of the highest', () => {
    const budgets = budgetsOf({ of: 'team', per: 'day', usd: 1 });
    const percents = (cost: number) => budgets.settle(call('x'), cost * cent).map(({ percent }) => percent);
    expect([49, 1, 10, 20, 15, 5, 50].map(percents)).toEqual([[], [50], [], [80], [], [100], []]);
    const other = budgetsOf({ of: 'team', per: 'day', usd: 1 });
    expect(other.settle(call('x'), 90 * cent).map(({ percent }) => percent)).toEqual([80]);
  });

  it('warns of a step that it reached other than by a call, once, and of no day that is over', () => {
    const budgets = budgetsOf({ of: 'member', per: 'day', usd: 1 }, { of: 'team', per: 'month', usd: 2 });
    const steps = () =>
      budgets.untold(day).map(({ account, percent, period }) => `${account.whose} ${period} ${percent}`);
    budgets.load([
      { day, ...alice, costNanoUsd: 85 * cent },
      { day: '2026-11-20', ...alice, costNanoUsd: 30 * cent },
      { day: '2026-11-20', ...alice, member: 'bob', costNanoUsd: 100 * cent },
    ]);
    expect(steps()).toEqual([`alice ${day} 80`, 'null 2026-11 100']);
    expect(steps()).toEqual([]);
    // Corrected down and up again: it was told.
    budgets.load([]);
    budgets.load([{ day, ...alice, costNanoUsd: 90 * cent }]);
    expect(steps()).toEqual([]);
    expect(budgets.settle(call('1'), 15 * cent).map(({ percent }) => percent)).toEqual([100]);
    expect(steps()).toEqual([]);
    budgets.setBudgets(rulesOf({ budgets: [{ of: 'member', per: 'day', usd: 1.2 }] }).budgets);
    expect(steps()).toEqual([`alice ${day} 80`]);
  });

  it('knows after a restart what the ledger says was spent, and does not warn of it a second time', () => {
    const rows = [
      { day: '2026-11-20', ...alice, costNanoUsd: 150 * cent },
      { day, ...alice, costNanoUsd: 60 * cent },
    ];
    const rules = rulesOf({
      budgets: [
        { of: 'team', per: 'day', usd: 1 },
        { of: 'team', per: 'month', usd: 2.2 },
      ],
    }).budgets;
    const told = [
      { of: 'team' as const, whose: null, period: day, limitNanoUsd: 100 * cent, percent: 50 },
      { of: 'team' as const, whose: null, period: '2026-11', limitNanoUsd: 220 * cent, percent: 80 },
    ];
    const budgets = createBudgets(rules, told);
    budgets.load(rows);
    expect(budgets.untold(day)).toEqual([]);
    expect(budgets.sums('team', null, 'month', day).spentNanoUsd).toBe(210 * cent);
    expect(budgets.settle(call('1'), cent)).toEqual([]);
    expect(budgets.reserve(call('2'), 20 * cent, false)?.account.budget.per).toBe('month');
    budgets.load(rows);
    expect(budgets.sums('member', 'alice', 'day', day).spentNanoUsd).toBe(60 * cent);
  });

  it('that is set later knows what has been spent before it', () => {
    const budgets = budgetsOf();
    budgets.settle(call('1'), 500 * cent);
    budgets.setBudgets(rulesOf({ budgets: [{ of: 'member', name: 'alice', per: 'month', usd: 4 }] }).budgets);
    expect(budgets.reserve(call('2'), cent, false)).toMatchObject({ account: { whose: 'alice' }, isHeld: false });
  });

  it('forgets the days before yesterday, whatever dates an import brings', () => {
    const budgets = budgetsOf({ of: 'team', per: 'day', usd: 1 });
    budgets.settle(call('old', { day: '2026-11-20' }), 50 * cent);
    budgets.settle(call('future', { day: '2030-01-01' }), 50 * cent);
    budgets.settle(call('now'), 50 * cent);
    budgets.reserve(call('next'), cent, false);
    expect(budgets.sums('team', null, 'day', '2026-11-20').spentNanoUsd).toBe(0);
    expect(budgets.sums('team', null, 'day', day).spentNanoUsd).toBe(50 * cent);
    expect(budgets.sums('team', null, 'month', day).spentNanoUsd).toBe(100 * cent);
  });
});

describe('64 calls at once', () => {
  const asked = (limits: ReturnType<typeof limitsWith>) =>
    Array.from({ length: 64 }, (_, index) => limits.before(callBefore(`call_${index}`, { conversation: `c${index}` })));

  it('against a budget with room for ten let through ten; their ends make room or none', () => {
    const one = limitsWith({}).before(callBefore('probe')).expected?.nanoUsd ?? 0;
    const limits = limitsWith({ budgets: [{ of: 'team', per: 'day', usd: Math.ceil((one * 10) / cent) / 100 }] });
    const decisions = asked(limits).map(({ decision }) => decision.kind);
    expect(decisions.filter((kind) => kind === 'allowed')).toHaveLength(10);
    // Nine fail and cost nothing, one costs what was expected: there is room for nine again.
    for (let index = 0; index < 9; index++) limits.release(`call_${index}`);
    limits.after(callAfter('call_9', one));
    const again = Array.from({ length: 64 }, (_, index) => limits.before(callBefore(`again_${index}`)).decision.kind);
    expect(again.filter((kind) => kind === 'allowed')).toHaveLength(9);
  });

  it('that cost more than expected pass the budget by the difference, and nothing passes after', () => {
    const one = limitsWith({}).before(callBefore('probe')).expected?.nanoUsd ?? 0;
    const limits = limitsWith({ budgets: [{ of: 'team', per: 'day', usd: Math.ceil((one * 10) / cent) / 100 }] });
    const through = asked(limits).flatMap(({ decision }, index) => (decision.kind === 'allowed' ? [index] : []));
    for (const index of through) limits.after(callAfter(`call_${index}`, one * 2));
    const after = limits.before(callBefore('after')).decision;
    expect(after).toMatchObject({ kind: 'refused', cause: 'budget', status: 429 });
    expect(limits.sums('team', null, 'day', day)).toEqual({ spentNanoUsd: one * 20, reservedNanoUsd: 0 });
  });

  it('are not refused because of what they might write at most', () => {
    const limits = limitsWith({ budgets: [{ of: 'team', per: 'day', usd: 1 }] });
    const before = limits.before(callBefore('call_1', { maxTokens: 128_000, measure: measureOf(2_000) }));
    expect(before.decision.kind).toBe('allowed');
    expect(before.expected?.nanoUsd).toBeLessThan(3 * cent);
  });
});

describe('the team’s zone', () => {
  it.each([
    ['day', '2026-11-24', '2026-11-25'],
    ['day', '2026-12-31', '2027-01-01'],
    ['day', '2028-02-28', '2028-02-29'],
    ['month', '2026-11-24', '2026-12-01'],
    ['month', '2026-12-31', '2027-01-01'],
  ] as const)('resets a budget of a %s in which %s lies on %s', (per, of, reset) =>
    expect(resetDayOf(per, of)).toBe(reset),
  );

  it('tells the seconds to its own midnight, across a change of the clock too', () => {
    expect(secondsToReset('day', day, 'UTC', noon)).toBe(12 * 3_600);
    expect(secondsToReset('day', day, 'America/New_York', noon)).toBe(17 * 3_600);
    // On 25 October Berlin's day has 25 hours.
    expect(secondsToReset('day', '2026-10-25', 'Europe/Berlin', Date.parse('2026-10-24T22:00:00Z'))).toBe(25 * 3_600);
  });

  it('decides which day a call belongs to', () => {
    const late = Date.parse('2026-11-24T23:30:00Z');
    const limits = limitsWith({ budgets: [{ of: 'team', per: 'day', usd: 1 }] }, { timeZone: 'Asia/Tokyo' });
    limits.after(callAfter('call_1', 200 * cent, { startedAtMs: late }));
    expect(limits.sums('team', null, 'day', '2026-11-25').spentNanoUsd).toBe(200 * cent);
    const refused = limits.before(callBefore('call_2', { nowMs: late })).decision;
    expect(refused.kind === 'refused' && refused.sentence).toContain('(daily; resets 2026-11-26 00:00 Asia/Tokyo)');
  });
});
