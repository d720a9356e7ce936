/** What is spent, read from the ledger again: once for many changes, with what the ledger does not hold yet, and a failure told. */
import { describe, expect, it } from 'vitest';

import { createNoticePace } from '../../../main/limits/notice-pace.ts';
import { createSeen } from '../../../main/limits/seen.ts';
import { createSpendAgain } from '../../../main/limits/spend-again.ts';
import type { BudgetSums, DaySpend } from '../../../shared/contract/limits-start.ts';
import { createDayOf } from '../../../shared/period.ts';
import { systemClock, type Clock } from '../../../main/system/clock.ts';
import { begunCall } from '../../kit/call-rows.ts';

/** Pauses are skipped. */
const hasty: Clock = { ...systemClock, after: (_delayMs, run) => systemClock.after(0, run) };
const day = '2026-11-24';
const row = (member: string, costNanoUsd: number): DaySpend => ({
  day,
  member,
  project: 'webshop',
  customer: 'cus_a',
  costNanoUsd,
});

function start(read: (today: string) => Promise<readonly DaySpend[]>) {
  const { promise, resolve } = Promise.withResolvers<BudgetSums | string>();
  let reads = 0;
  const spend = createSpendAgain({
    clock: hasty,
    dayOf: () => day,
    read: async ({ today }) => {
      reads += 1;
      return { spend: await read(today), batches: [] };
    },
    onRead: resolve,
    onFailure: resolve,
  });
  return { spend, told: promise, reads: () => reads };
}

describe('the spend', () => {
  it('is read once for many changes, and holds the calls that are not in the ledger yet', async () => {
    const { spend, told, reads } = start(async () => [row('alice', 10)]);
    spend.ended(begunCall('a'), 3);
    spend.ended(begunCall('b', { member: 'bo' }), 4);
    spend.committed('a');
    for (let index = 0; index < 100; index++) spend.soon();
    expect(await told).toEqual({ spend: [row('alice', 10), row('bo', 4)], batches: [] });
    expect(reads()).toBe(1);
  });

  it('that was committed while it was read is counted once: the commit is told before the answer', async () => {
    const { spend, told } = start(async () => {
      spend.committed('a');
      return [row('alice', 3)];
    });
    spend.ended(begunCall('a'), 3);
    spend.soon();
    expect(await told).toEqual({ spend: [row('alice', 3)], batches: [] });
  });

  it('that cannot be read is told of', async () => {
    const { spend, told } = start(() => Promise.reject(new Error('disk I/O error')));
    spend.soon();
    expect(await told).toBe('What is spent could not be read again: disk I/O error');
  });
});

const dayOf = createDayOf('UTC');

describe('what was seen', () => {
  it('of budgets is what is said of the running day and month', () => {
    const seen = createSeen(dayOf);
    const atMs = Date.parse('2026-11-24T23:00:00Z');
    const told = { whose: 'alice', limitNanoUsd: 1, spentNanoUsd: 1, percent: 100, sentence: 's', atMs } as const;
    seen.budgetWarned({ ...told, of: 'member', per: 'day', period: '2026-11-24' });
    seen.budgetWarned({ ...told, of: 'member', per: 'month', period: '2026-11' });
    const pers = (at: string) => seen.summary(Date.parse(at)).budgetWarnings.map(({ per }) => per);
    expect(pers('2026-11-24T23:59:59Z')).toEqual(['month', 'day']);
    expect(pers('2026-11-25T00:00:00Z')).toEqual(['month']);
    expect(pers('2026-12-01T00:00:00Z')).toEqual([]);
    expect(seen.summary(atMs).budgetWarnings[0]).not.toHaveProperty('period');
  });

  it('is bounded: conversations, their warnings, refusals', () => {
    const seen = createSeen(dayOf);
    const warning = {
      cause: 'context_50',
      sentence: 's',
      remedy: 'r',
      number: { value: 1, unit: 'tokens' },
      atMs: 1,
    } as const;
    for (let index = 0; index < 2_500; index++) seen.warned(`c${index}`, [warning]);
    for (let index = 0; index < 50; index++) seen.warned('busy', [{ ...warning, atMs: index }]);
    expect(seen.warningsOf('c0')).toEqual([]);
    expect(seen.warningsOf('c2499')).toHaveLength(1);
    expect(seen.warningsOf('busy').map(({ atMs }) => atMs)).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
  });

  it('of refusals is the last hour, the newest ten', () => {
    const seen = createSeen(dayOf);
    const call = { member: null, project: null, conversation: null, model: null, sentence: 's', wouldCostNanoUsd: 1 };
    for (let index = 0; index < 12; index++)
      seen.refused({ ...call, id: `${index}`, cause: 'budget', atMs: index * 600_000 });
    expect(seen.summary(11 * 600_000).refused.map(({ id }) => id)).toEqual(['11', '10', '9', '8', '7', '6']);
    expect(seen.summary(0).refused).toHaveLength(10);
  });
});

describe('the pace of notices', () => {
  it('says the same thing once a minute', () => {
    let nowMs = 0;
    const isFresh = createNoticePace({ monotonicMs: () => nowMs });
    expect([isFresh('a'), isFresh('a'), isFresh('b')]).toEqual([true, false, true]);
    nowMs = 60_000;
    expect(isFresh('a')).toBe(true);
  });
});
