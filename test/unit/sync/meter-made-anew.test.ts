/** A meter that is archived and made anew under its name while Tollkeeper runs: what each of the two counts is read. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { findMeter, seedAccount } from '../../../main/sandbox/stripe-meter-events.ts';
import { openOutboxWorld, worldMeter, worldMeters, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
let world: OutboxWorld;

beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a'] });
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

/** As a person does who is told that the meter of this name is of no use. */
function makeAnew(): void {
  const meter = findMeter(world.stripe.state, worldMeter);
  if (!meter) throw new Error('the world has this meter');
  meter.isActive = false;
  seedAccount(world.stripe.state, { eventName: worldMeter, customers: ['cus_a'] }, world.stripe.newId);
}

const states = () => world.events().map(({ state }) => state);

/** Until the day of a first event is confirmed: the meter has been looked for by then. */
async function confirmOne(): Promise<void> {
  world.call();
  await syncAfter(2 * minuteMs);
  await syncAfter(36 * hourMs);
  expect(states()).toEqual(['confirmed']);
}

it('what arrived on the new one is found there and not sent again', async () => {
  await confirmOne();
  makeAnew();
  world.call();
  world.clock.advance(2 * minuteMs);
  world.stripe.breakNext('lose_answer');
  await world.sync();
  world.stripe.changeRules({ isOffline: true });
  await syncAfter(25 * hourMs);
  world.stripe.changeRules({ isOffline: false });
  for (let round = 0; round < 8; round++) await syncAfter(2 * hourMs);
  expect(world.stripe.state.events).toHaveLength(2);
  expect(states()).toEqual(['confirmed', 'confirmed']);
});

it('a day with usage on both is confirmed', async () => {
  await confirmOne();
  world.call();
  await syncAfter(2 * minuteMs);
  makeAnew();
  world.call();
  await syncAfter(2 * minuteMs);
  for (let round = 0; round < 60; round++) await syncAfter(2 * hourMs);
  expect(states()).toEqual(['confirmed', 'confirmed', 'confirmed']);
  expect(world.view().dayDifferences).toEqual([]);
});

it('the meters are listed once an hour at most, whatever is read of them', async () => {
  for (let minute = 0; minute < 3; minute++) {
    world.call();
    await syncAfter(2 * minuteMs);
  }
  await syncAfter(36 * hourMs);
  for (const month of ['2026-11', '2026-11', '2026-11']) await world.readMonth('cus_a', month);
  const listed = world.db.prepare(`SELECT SUM(reads) FROM stripe_reads WHERE kind = 'meters'`).pluck();
  expect(worldMeters.length).toBeLessThan(100);
  expect(listed.get()).toBe(1);
  world.clock.advance(61 * minuteMs);
  await world.readMonth('cus_a', '2026-11');
  expect(listed.get()).toBe(2);
});
