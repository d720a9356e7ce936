/** Who may ask Stripe how often: what decides about money always may, and comparing days goes on beside it, some each day. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openLedgerFile } from '../../../main/ledger/ledger-file.ts';
import { allowRead, mayRead, readKinds, readsUsed, type ReadKind } from '../../../main/ledger/stripe-reads.ts';
import type { Db } from '../../../main/system/db.ts';

const dayMs = 24 * 3_600_000;
const startMs = Date.parse('2026-09-01T00:00:00Z');

type Wanted = Partial<Record<ReadKind, number>>;
type Day = Record<ReadKind, number>;
const noReads = () => Object.fromEntries(readKinds.map((kind) => [kind, 0])) as Day;
const sumOf = (days: readonly Day[], kind: ReadKind) => days.reduce((sum, day) => sum + day[kind], 0);
const least = (days: readonly Day[], kind: ReadKind) => Math.min(...days.map((day) => day[kind]));
const every = (of: (kind: ReadKind) => number) => Object.fromEntries(readKinds.map((kind) => [kind, of(kind)])) as Day;
const most = (days: readonly Day[]) =>
  Math.max(
    ...days.map((_, day) =>
      readKinds.reduce((sum, kind) => sum + sumOf(days.slice(Math.max(0, day - 30), day + 1), kind), 0),
    ),
  );

/** Hour by hour each asks for its part of what it wants of a day, in the order in which they are named or the other way round. What each got, by day. */
function live(days: number, isReversed: boolean, wanted: (day: number) => Wanted): Day[] {
  const got: Day[] = [];
  for (let day = 0; day < days; day++) {
    const today = noReads();
    const used = every((kind) => sumOf(got.slice(-30), kind));
    const invoicesBefore = sumOf(got.slice(-3), 'invoices');
    const wants = Object.entries(wanted(day)) as [ReadKind, number][];
    for (let hour = 1; hour <= 24; hour++)
      for (const [kind, ofDay] of isReversed ? wants.toReversed() : wants)
        while (today[kind] < (ofDay * hour) / 24 && mayRead(kind, { used, today, invoicesBefore })) {
          today[kind] += 1;
          used[kind] += 1;
        }
    got.push(today);
  }
  return got;
}

const hungry = 2_000;
const everythingElse = {
  reports: hungry,
  days: hungry,
  months: hungry,
  customers: hungry,
  setup: hungry,
  meters: hungry,
};

describe.each([true, false])('month after month, money asked about first: %s', (isFirst) => {
  it('100 busy customers have their subscriptions and the reports read, and 40 of them a day compared', () => {
    const days = live(100, isFirst, () => ({ reports: 96, meters: 4, days: 100, invoices: 102 }));
    expect([least(days, 'invoices'), least(days, 'reports'), least(days, 'days')]).toEqual([102, 96, 40]);
  });

  it('40 are compared every day', () => {
    const days = live(70, isFirst, () => ({ reports: 96, meters: 4, days: 40, invoices: 41 }));
    expect([least(days, 'reports'), least(days, 'days')]).toEqual([96, 40]);
  });

  it('220, whose subscriptions use up most of it, are compared all the same, some a day', () => {
    const days = live(100, isFirst, () => ({ reports: 96, days: 220, invoices: 225 }));
    expect(least(days, 'invoices')).toBe(225);
    expect(least(days.slice(31), 'days')).toBeGreaterThanOrEqual(8);
    expect(least(days.slice(31), 'reports')).toBeGreaterThanOrEqual(25);
  });

  it('reports and days that could take everything leave 100 customers that come overnight what they need', () => {
    const needed = (day: number) => (day < 60 ? {} : { minutes: 16, invoices: 102 });
    const days = live(160, isFirst, (day) => ({ reports: hungry, days: hungry, ...needed(day) }));
    expect([least(days.slice(60), 'invoices'), least(days.slice(60), 'minutes')]).toEqual([102, 16]);
    expect([least(days, 'reports'), least(days, 'days')]).toEqual([120, 40]);
    expect(most(days)).toBeLessThanOrEqual(9_500);
  });

  it('thousands of minutes to read hold up no subscription, whatever else is asked, and have theirs', () => {
    const minutesOf = (day: number) => (day < 40 ? 0 : hungry);
    const days = live(100, isFirst, (day) => ({ ...everythingElse, minutes: minutesOf(day), invoices: 102 }));
    expect(least(days, 'invoices')).toBe(102);
    expect(sumOf(days.slice(40, 71), 'minutes')).toBeGreaterThanOrEqual(500);
    expect(sumOf(days.slice(69), 'minutes')).toBeGreaterThanOrEqual(500);
    expect(most(days)).toBeLessThanOrEqual(9_500);
  });
});

describe('reads that were counted', () => {
  let db: Db;
  beforeEach(() => {
    db = openLedgerFile(':memory:', 'write', () => 'L');
  });
  afterEach(() => db.close());

  /** How many of them are allowed at once. */
  function ask(kind: ReadKind, nowMs: number, reads: number): number {
    let allowed = 0;
    while (allowed < reads && allowRead(db, { kind, nowMs })) allowed += 1;
    return allowed;
  }

  it.each(['reports', 'days', 'months'] as const)('of %s by an earlier version leave what money needs', (kind) => {
    db.prepare('INSERT INTO stripe_reads VALUES (?, ?, 8000)').run(startMs - 2 * dayMs, kind);
    expect(ask(kind, startMs, 1)).toBe(0);
    expect([ask('minutes', startMs, 300), ask('invoices', startMs, 600), ask('setup', startMs, 50)]).toEqual([
      300, 600, 50,
    ]);
  });

  it('of days are a day’s share, counted for 31 days', () => {
    expect(ask('days', startMs, 100)).toBe(40);
    for (let day = 1; day < 31; day++) expect(ask('days', startMs + day * dayMs, 100)).toBe(40);
    expect(readsUsed(db, startMs + 30 * dayMs)).toBe(1_240);
    expect(readsUsed(db, startMs + 31 * dayMs)).toBe(1_200);
    expect(readsUsed(db, startMs + 61 * dayMs)).toBe(0);
  });

  it('by a clock that was ahead do not use up the share of each day until then', () => {
    expect(ask('days', startMs + 400 * dayMs, 100)).toBe(40);
    expect(ask('days', startMs, 100)).toBe(40);
  });

  it('of the account are never refused', () => {
    db.prepare('INSERT INTO stripe_reads VALUES (?, ?, 9900)').run(startMs, 'invoices');
    expect(ask('invoices', startMs, 1)).toBe(0);
    expect(ask('account', startMs, 200)).toBe(200);
    expect(readsUsed(db, startMs)).toBe(10_100);
  });
});
