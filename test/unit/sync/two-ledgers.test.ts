/** Two machines, each with a ledger of its own, that bill one customer on one Stripe account. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { askInProcess, openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
let one: OutboxWorld;
let two: OutboxWorld;

beforeEach(() => {
  one = openOutboxWorld({ customers: ['cus_a'], ledgerId: 'one' });
  two = openOutboxWorld({ customers: ['cus_a'], ledgerId: 'two', fetch: () => askInProcess(one.stripe) });
});
afterEach(() => {
  for (const world of [one, two]) {
    expect(world.ledger.findings()).toEqual([]);
    expect(world.wrongMoves()).toEqual([]);
    world.close();
  }
});

async function syncAfter(ms: number): Promise<void> {
  for (const { clock } of [one, two]) clock.advance(ms);
  for (const { sync } of [one, two]) await sync();
}

describe('two ledgers that bill one customer', () => {
  it('are both billed for the same minute and the same worth', async () => {
    for (const { call } of [one, two]) call();
    await syncAfter(2 * minuteMs);
    const [first, second] = [one, two].map(({ events }) => events());
    expect([...(first ?? []), ...(second ?? [])].map(({ state }) => state)).toEqual(['accepted', 'accepted']);
    expect(second?.[0]?.value).toBe(first?.[0]?.value);
    expect(one.sums('cus_a').stripe).toBe(one.sums('cus_a').here + two.sums('cus_a').here);
  });
});
