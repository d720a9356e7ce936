/** Which days are compared with Stripe's figures, in which turn, and what that costs of the reads: a held event none, a difference that stays not the others'. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { daysToCompare, recordDays } from '../../../main/ledger/confirmations.ts';
import { setAsideEvent } from '../../../main/ledger/outbox-choices.ts';
import { allowRead } from '../../../main/ledger/stripe-reads.ts';
import { openOutboxWorld, worldMeter, worldStartMs, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let world: OutboxWorld;

beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a', 'cus_b', 'cus_c'] });
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
const daysReads = () =>
  world.db.prepare<[], number>(`SELECT COALESCE(SUM(reads), 0) FROM stripe_reads WHERE kind = 'days'`).pluck().get();
const states = () => world.events().map(({ state }) => state);
const offered = (limit = 10) => daysToCompare(world.db, { nowMs: world.clock.nowMs(), limit });

describe('a day with an event that is held', () => {
  /** Its answer was lost for a day, and what Stripe counts in its minute explains nothing: for a person. */
  async function holdOne(): Promise<void> {
    world.call();
    world.clock.advance(2 * minuteMs);
    await world.sync();
    world.call();
    world.clock.advance(2 * minuteMs);
    world.stripe.breakNext('lose_answer');
    await world.sync();
    expect(states()).toEqual(['accepted', 'unknown']);
    Object.assign(world.stripe.state.events.at(-1) ?? {}, { value: 7n });
    world.stripe.changeRules({ isOffline: true });
    await syncAfter(25 * hourMs);
    world.stripe.changeRules({ isOffline: false });
    world.call();
    await syncAfter(2 * minuteMs);
    await syncAfter(2 * hourMs);
    expect(states()).toEqual(['accepted', 'unknown', 'accepted']);
  }

  it('costs no reads of days, holds up no other day, and is compared once that is decided', async () => {
    await holdOne();
    expect(daysReads()).toBe(0);
    await syncAfter(29 * hourMs);
    expect(states()).toEqual(['accepted', 'unknown', 'confirmed']);
    for (let minute = 0; minute < 60; minute++) await syncAfter(minuteMs);
    for (let hour = 0; hour < 48; hour++) await syncAfter(hourMs);
    expect(daysReads()).toBe(1);

    const held = world.events()[1]?.id ?? '';
    expect(setAsideEvent(world.db, { id: held, nowMs: world.clock.nowMs() })).toBe(true);
    await syncAfter(minuteMs);
    expect(daysReads()).toBe(2);
    expect(world.view().dayDifferences).toMatchObject([{ dayMs: worldStartMs, stripeValue: expect.anything() }]);
  });
});

describe('the turn of a customer', () => {
  const seen = (customer: string, stripeValue: number) =>
    recordDays(world.db, {
      customer,
      meter: worldMeter,
      fromMs: worldStartMs,
      toMs: worldStartMs + dayMs,
      sums: [{ dayMs: worldStartMs, stripeValue }],
      nowMs: world.clock.nowMs(),
    });

  it('comes before that of one whose difference was looked at since, however old that is', async () => {
    world.call({ customer: 'cus_a' });
    await syncAfter(2 * minuteMs);
    world.clock.advance(30 * hourMs);
    expect(seen('cus_a', 1)).toBe(0);
    world.call({ customer: 'cus_b' });
    world.call({ customer: 'cus_c' });
    await syncAfter(2 * minuteMs);
    // Nothing is read on the way, so that all three wait.
    world.clock.advance(3 * dayMs);
    expect(offered().map(({ customer }) => customer)).toEqual(['cus_a', 'cus_b', 'cus_c']);
    expect(seen('cus_a', 1)).toBe(0);
    world.clock.advance(dayMs);
    expect(offered(2).map(({ customer }) => customer)).toEqual(['cus_b', 'cus_c']);
    expect(offered()).toHaveLength(3);
  });

  it('comes when there are reads of days again, and nobody is told that those of a month are used up', async () => {
    for (const customer of ['cus_a', 'cus_b', 'cus_c']) world.call({ customer });
    await syncAfter(2 * minuteMs);
    world.clock.advance(30 * hourMs);
    expect(offered()).toHaveLength(3);
    while (allowRead(world.db, { kind: 'days', nowMs: world.clock.nowMs() }));
    expect(offered()).toEqual([]);
    await world.sync();
    expect(world.readTrouble()).toBeNull();
    await syncAfter(dayMs);
    expect(new Set(states())).toEqual(new Set(['confirmed']));
  });
});

it('whose only event was rejected since is compared again, and its difference is told no more', async () => {
  world.stripe.changeRules({ namesSamples: false });
  world.call();
  world.stripe.breakNext({ kind: 'reject_later', code: 'meter_event_customer_not_found' });
  await syncAfter(2 * minuteMs);
  for (let hour = 0; hour < 30; hour++) await syncAfter(hourMs);
  expect(world.view().dayDifferences).toHaveLength(1);
  for (let hour = 0; hour < 72; hour++) await syncAfter(hourMs);
  expect(states()).toEqual(['rejected']);
  expect(world.view().dayDifferences).toEqual([]);
  const before = daysReads();
  for (let hour = 0; hour < 72; hour++) await syncAfter(hourMs);
  expect(daysReads()).toBe(before);
});

it('of which no event is left agrees once Stripe counts nothing of it either', async () => {
  world.call({ customer: 'cus_b' });
  await syncAfter(2 * minuteMs);
  // As an event leaves it that was cancelled, sealed anew and opened again by a correction before it was sent.
  const differed = world.db.prepare(
    `INSERT INTO day_comparisons (customer, meter, day_ms, accepted_value, stripe_value, compared_at_ms, same_since_ms) VALUES ('cus_a', ?, ?, 9, 8, ?, ?)`,
  );
  differed.run(worldMeter, worldStartMs, worldStartMs, worldStartMs);
  expect(world.view().dayDifferences).toHaveLength(1);
  await syncAfter(30 * hourMs);
  expect(world.view().dayDifferences).toEqual([]);
  // One of each customer.
  expect(daysReads()).toBe(2);
});

it('that differs and takes a late call is asked about when that is settled, not each minute until then', async () => {
  world.stripe.changeRules({ namesSamples: false });
  world.call();
  world.stripe.breakNext({ kind: 'reject_later', code: 'meter_event_customer_not_found' });
  await syncAfter(2 * minuteMs);
  await syncAfter(30 * hourMs);
  expect(world.view().dayDifferences).toHaveLength(1);
  const before = daysReads() ?? 0;
  world.clock.advance(19 * hourMs);
  world.call({ startedAtMs: worldStartMs + hourMs });
  for (let minute = 0; minute < 120; minute++) await syncAfter(minuteMs);
  expect(states()).toEqual(['rejected', 'accepted']);
  expect(daysReads()).toBe(before);
  for (let hour = 0; hour < 12; hour++) await syncAfter(hourMs);
  expect(daysReads()).toBe(before + 1);
});

describe('a day of four months ago', () => {
  /** A first event that Stripe counts, and a second that it does not and says nothing of. */
  async function silentlyLost(): Promise<void> {
    world.stripe.changeRules({ namesSamples: false });
    world.call();
    await syncAfter(2 * minuteMs);
    world.call();
    world.stripe.breakNext({ kind: 'reject_later', code: 'meter_event_customer_not_found' });
    await syncAfter(2 * minuteMs);
    expect(states()).toEqual(['accepted', 'accepted']);
  }

  /** Until they are taken out again: a day that a clock ahead of time wrote counts as well. */
  const noReadsLeft = () =>
    world.db.prepare(`INSERT INTO stripe_reads VALUES (?, 'minutes', 9000)`).run(worldStartMs + 1_000 * dayMs);

  it('is compared once what was held in it is decided, if it never was before (soak seed 300456)', async () => {
    world.call();
    await syncAfter(2 * minuteMs);
    world.call();
    world.stripe.breakNext('lose_answer');
    await syncAfter(2 * minuteMs);
    noReadsLeft();
    world.stripe.changeRules({ isOffline: true });
    await syncAfter(25 * hourMs);
    world.stripe.changeRules({ isOffline: false });
    await syncAfter(120 * dayMs);
    expect(states()).toEqual(['accepted', 'unknown']);

    world.db.exec('DELETE FROM stripe_reads');
    for (let hour = 0; hour < 30; hour++) await syncAfter(hourMs);
    expect(states()).toEqual(['confirmed', 'confirmed']);
  });

  it('is compared again where the ledger says something else since', async () => {
    await silentlyLost();
    for (let hour = 0; hour < 30; hour++) await syncAfter(hourMs);
    expect(world.view().dayDifferences).toHaveLength(1);
    noReadsLeft();
    await syncAfter(120 * dayMs);
    expect(states()).toEqual(['accepted', 'accepted']);

    world.db.exec('DELETE FROM stripe_reads');
    for (let hour = 0; hour < 72; hour++) await syncAfter(hourMs);
    expect(states()).toEqual(['confirmed', 'rejected']);
    expect(world.view().dayDifferences).toEqual([]);
  });

  it('that still differs is asked about no more, neither the day nor its hours', async () => {
    await silentlyLost();
    // What Stripe counts fits no choice of the events, so nothing can be told of them.
    Object.assign(world.stripe.state.events[0] ?? {}, { value: 7n });
    for (let day = 0; day < 130; day++) await syncAfter(dayMs);
    expect(world.view().dayDifferences).toHaveLength(1);
    expect(offered()).toEqual([]);
    const asked = () =>
      world.db.prepare(`SELECT kind, SUM(reads) FROM stripe_reads WHERE kind IN ('days', 'minutes') GROUP BY 1`).raw();
    const before = asked().all();
    for (let day = 0; day < 30; day++) await syncAfter(dayMs);
    expect(asked().all()).toEqual(before);
  });
});

it('of a hundred busy customers comes within three days, and each of their days is confirmed', async () => {
  world.close();
  const customers = Array.from({ length: 100 }, (_, index) => `cus_${index}`);
  world = openOutboxWorld({ customers });
  const read = world.db.prepare('INSERT INTO stripe_reads VALUES (?, ?, ?)');
  // A month of it: reports every quarter of an hour and some of others, each customer's subscriptions once a day.
  for (let day = 1; day <= 30; day++) {
    read.run(worldStartMs - day * dayMs, 'reports', 116);
    read.run(worldStartMs - day * dayMs, 'invoices', 102);
  }
  for (let day = 0; day < 9; day++) {
    world.calls(customers.map((customer) => ({ customer })));
    for (let round = 0; round < 8; round++) await syncAfter(3 * hourMs);
    const open = world.events().filter(({ state }) => state !== 'confirmed');
    // Over for up to three days, and on its own day before that.
    expect(world.clock.nowMs() - (open[0]?.minuteMs ?? Infinity)).toBeLessThanOrEqual(4 * dayMs);
  }
  expect(world.readTrouble()).toBeNull();
});
