/**
 * Where in its minute an event lies. A summary of Stripe may hold what is stamped with its end (facts/stripe.md section 3 leaves it open), and a period of an
 * invoice begins at any second: neither may change what is billed.
 */
import { afterEach, describe, expect, it } from 'vitest';

import { subscribe } from '../../../main/sandbox/stripe-invoices.ts';
import { begunCall } from '../../kit/call-rows.ts';
import { openOutboxWorld, worldMeter, worldStartMs, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
let world: OutboxWorld;
afterEach(() => {
  expect(world.ledger.findings()).toEqual([]);
  expect(world.wrongMoves()).toEqual([]);
  expect(world.sums('cus_a').stripe).toBe(world.sums('cus_a').here);
  world.close();
});

async function syncAfter(ms: number, rounds = 1): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    world.clock.advance(ms);
    await world.sync();
  }
}

/** Each is worth the same. */
function callAt(id: string, startedAtMs: number): void {
  world.ledger.settle(begunCall(id, { startedAtMs, customer: 'cus_a' }), { input_tokens: 1_000, output_tokens: 10 });
}
const states = () => world.events().map(({ state }) => state);

describe.each([{ isSummaryEndIncluded: false }, { isSummaryEndIncluded: true }])('with %o', (rules) => {
  it('an event that never arrived is not taken for its neighbour of the next minute', async () => {
    let isLossy = true;
    const network = () => (isLossy ? 'drop_connection' : 'through');
    world = openOutboxWorld({ customers: ['cus_a'], rules, network });
    callAt('lost', worldStartMs + 30_000);
    await syncAfter(2 * minuteMs);
    expect(states()).toEqual(['unknown']);
    isLossy = false;
    callAt('next', worldStartMs + 90_000);
    world.stripe.changeRules({ isOffline: true });
    await syncAfter(25 * hourMs);
    world.stripe.changeRules({ isOffline: false });
    await syncAfter(2 * hourMs, 40);
    expect(states()).toEqual(['confirmed', 'confirmed']);
    expect(world.stripe.state.events).toHaveLength(2);
  });

  it('a day agrees whatever the first minute of the next one holds', async () => {
    world = openOutboxWorld({ customers: ['cus_a'], rules });
    callAt('day', worldStartMs + hourMs);
    callAt('midnight', worldStartMs + 24 * hourMs);
    world.clock.advance(25 * hourMs);
    await syncAfter(2 * hourMs, 40);
    expect(states()).toEqual(['confirmed', 'confirmed']);
    expect(world.view().dayDifferences).toEqual([]);
  });
});

it.each([
  ['the next period', 15_000, 'accepted'],
  ['the period that is final', 45_000, 'set_aside'],
])('a minute in which a period ends is of %s when it ends at %i ms', async (_whose, endsAtMs, state) => {
  world = openOutboxWorld({ customers: ['cus_a'] });
  const startMs = worldStartMs + endsAtMs - 24 * hourMs;
  const seed = { customer: 'cus_a', eventName: worldMeter, startMs, interval: 'day' } as const;
  subscribe(world.stripe.state, seed, world.stripe.newId);
  await world.sync();
  callAt('split', worldStartMs + 50_000);
  world.stripe.changeRules({ isOffline: true });
  await syncAfter(3 * hourMs);
  world.stripe.changeRules({ isOffline: false });
  await syncAfter(2 * minuteMs, 3);
  expect(states()).toEqual([state]);
});
