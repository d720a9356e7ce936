/** An account with error reports by the thousand, none of them ours: read piece by piece, in whichever order Stripe lists them, and never at the cost of what decides about money. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { StripeFault } from '../../../main/sandbox/stripe-faults.ts';
import { allowRead } from '../../../main/ledger/stripe-reads.ts';
import { openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let world: OutboxWorld;

beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a', 'cus_b'] });
});
afterEach(() => {
  expect(world.ledger.findings()).toEqual([]);
  expect(world.wrongMoves()).toEqual([]);
  world.close();
});

async function syncAfter(ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.sync();
}

/** Another integration of the account: a report every few seconds. */
function noise(fromMs: number, toMs: number): void {
  for (let atMs = fromMs; atMs < toMs; atMs += 7_500)
    world.stripe.state.errorEvents.push({
      id: `evt_${atMs}`,
      type: 'v1.billing.meter.error_report_triggered',
      createdMs: atMs,
      meterId: 'mtr_other',
      code: 'meter_event_customer_not_found',
      message: 'No such customer.',
      requestIdentifier: `other-${atMs}`,
    });
}

const readsOf = (kind: string) =>
  world.db
    .prepare<[string], number>('SELECT COALESCE(SUM(reads), 0) FROM stripe_reads WHERE kind = ?')
    .pluck()
    .get(kind) ?? 0;
const states = () => world.events().map(({ state }) => state);

/** Every attempt of an event is lost, and then the network for a day. */
async function holdOne(): Promise<void> {
  world.call();
  world.clock.advance(2 * minuteMs);
  world.stripe.breakNext(...Array<StripeFault>(60).fill('drop_connection'));
  await world.sync();
  world.stripe.clearFaults();
  world.stripe.changeRules({ isOffline: true });
  await syncAfter(25 * hourMs);
  world.stripe.changeRules({ isOffline: false });
  expect(states()).toEqual(['unknown']);
}

it('reports from before the first event was made are not read', async () => {
  const startMs = world.clock.nowMs();
  noise(startMs - 8 * dayMs, startMs - 3 * hourMs);
  world.call();
  await syncAfter(2 * minuteMs);
  expect(readsOf('reports')).toBe(1);
});

describe.each(['newest_first', 'oldest_first'] as const)('more reports than a reading takes, listed %s', (order) => {
  beforeEach(() => world.stripe.changeRules({ reportsOrder: order }));

  it('are read in a day, each about once, and a held event is decided', async () => {
    const startMs = world.clock.nowMs();
    await holdOne();
    noise(startMs, startMs + 25 * hourMs);
    for (let quarter = 0; quarter < 96; quarter++) await syncAfter(15 * minuteMs);
    expect(states()).not.toContain('unknown');
    const kept = world.db.prepare('SELECT COUNT(*) FROM error_reports').pluck().get();
    expect(kept).toBe(world.stripe.state.errorEvents.length);
    expect(readsOf('reports')).toBeLessThan(258);
  });

  it('do not hide the one that is ours', async () => {
    const startMs = world.clock.nowMs();
    world.stripe.changeRules({ reportDelayMs: 90 * minuteMs });
    world.call();
    world.clock.advance(2 * minuteMs);
    world.stripe.breakNext({ kind: 'reject_later', code: 'archived_meter' });
    await world.sync();
    expect(states()).toEqual(['accepted']);
    world.stripe.changeRules({ isOffline: true });
    world.clock.advance(2 * dayMs);
    noise(startMs + 2 * minuteMs, startMs + 2 * dayMs);
    world.stripe.state.errorEvents.sort((one, other) => one.createdMs - other.createdMs);
    world.stripe.changeRules({ isOffline: false, reportDelayMs: 0 });
    for (let quarter = 0; quarter < 200 && states()[0] !== 'rejected'; quarter++) await syncAfter(15 * minuteMs);
    expect(states()).toEqual(['rejected']);
  });

  it('are read on from where a restart came, not from the beginning', async () => {
    const startMs = world.clock.nowMs();
    await holdOne();
    noise(startMs, startMs + 25 * hourMs);
    for (let round = 0; round < 20; round++) {
      await syncAfter(hourMs);
      world.restart();
    }
    await syncAfter(7 * hourMs);
    expect(states()).not.toContain('unknown');
  });
});

it('a customer’s subscriptions are still read when reports have used up theirs', async () => {
  const nowMs = world.clock.nowMs();
  world.db.prepare('INSERT INTO stripe_reads VALUES (?, ?, 8000)').run(nowMs - 2 * dayMs - (nowMs % dayMs), 'reports');
  expect(allowRead(world.db, { kind: 'reports', nowMs })).toBe(false);
  expect(allowRead(world.db, { kind: 'minutes', nowMs })).toBe(true);
  expect(allowRead(world.db, { kind: 'invoices', nowMs })).toBe(true);
});

it('days of it cost a day’s share of the reads each, and what is ours is decided', async () => {
  for (let day = 0; day < 2; day++) {
    noise(world.clock.nowMs(), world.clock.nowMs() + dayMs);
    world.call();
    for (let round = 0; round < 12; round++) await syncAfter(2 * hourMs);
  }
  const ofDays = world.db.prepare<[], number>(`SELECT reads FROM stripe_reads WHERE kind = 'reports'`).pluck().all();
  expect(Math.max(...ofDays)).toBeLessThanOrEqual(120);
  expect(new Set(states())).toEqual(new Set(['confirmed']));
});
