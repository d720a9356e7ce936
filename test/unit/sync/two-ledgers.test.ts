/** Two machines, each with a ledger of its own, that bill one customer on one Stripe account. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { askInProcess, openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
let one: OutboxWorld;
let two: OutboxWorld;
let losesOfOne: boolean;

beforeEach(() => {
  losesOfOne = false;
  const network = () => (losesOfOne ? 'drop_connection' : 'through');
  one = openOutboxWorld({ customers: ['cus_a'], ledgerId: 'one', network });
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

  /** Of one minute and one worth: what the first sends is lost, what the second sends arrives. */
  const sameMinuteOfWhichOneIsLost = async () => {
    for (const { call, clock } of [one, two]) call({ startedAtMs: clock.nowMs() });
    losesOfOne = true;
    await syncAfter(2 * minuteMs);
    for (let round = 0; round < 13; round++) await syncAfter(2 * hourMs);
    losesOfOne = false;
  };
  const lastOf = ({ events }: OutboxWorld) => events().at(-1);

  it('leave to a person whose the event of a minute is, once a day showed that there are two', async () => {
    for (const { call } of [one, two]) call();
    for (let round = 0; round < 16; round++) await syncAfter(2 * hourMs);
    expect(one.view().dayDifferences).toHaveLength(1);

    await sameMinuteOfWhichOneIsLost();
    for (let round = 0; round < 4; round++) await syncAfter(2 * hourMs);
    expect(lastOf(one)).toMatchObject({
      state: 'unknown',
      lastAnswer: expect.stringContaining('another machine that bills it from a ledger of its own') as string,
    });
  });

  it('send again what is missing where Stripe counts nothing in the minute but what is surely there', async () => {
    for (const { call } of [one, two]) call();
    for (let round = 0; round < 16; round++) await syncAfter(2 * hourMs);
    one.call({ startedAtMs: one.clock.nowMs() });
    losesOfOne = true;
    for (let round = 0; round < 13; round++) await syncAfter(2 * hourMs);
    losesOfOne = false;
    for (let round = 0; round < 4; round++) await syncAfter(2 * hourMs);
    expect(lastOf(one)?.state).toBe('accepted');
    expect(one.sums('cus_a').stripe).toBe(one.sums('cus_a').here + two.sums('cus_a').here);
  });

  it('say so where Stripe counts more in a minute than can be of this one', async () => {
    two.call({ startedAtMs: two.clock.nowMs() });
    await sameMinuteOfWhichOneIsLost();
    for (let round = 0; round < 4; round++) await syncAfter(2 * hourMs);
    expect(lastOf(one)).toMatchObject({
      state: 'unknown',
      lastAnswer: expect.stringContaining('another machine that bills it from a ledger of its own') as string,
    });
  });
});
