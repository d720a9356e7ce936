/** Stripe's stream: a hundred in a request, nothing confirmed by it, and every doubt settled by the road that answers. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { streamSentenceOf } from '../../../main/sync/roads.ts';
import type { StripeFault } from '../../../main/sandbox/stripe-faults.ts';
import { openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const customers = Array.from({ length: 30 }, (_, index) => `cus_${index}`);
let world: OutboxWorld;
/** "POST /path count" of every request that sent. */
let requests: string[];

beforeEach(() => {
  requests = [];
  world = openOutboxWorld({ customers, hasStream: true, tell: (line) => requests.push(line) });
});
afterEach(() => {
  expect(world.ledger.findings()).toEqual([]);
  expect(world.wrongMoves()).toEqual([]);
  for (const customer of customers) {
    const { stripe, here } = world.sums(customer);
    expect(stripe).toBe(here);
  }
  world.close();
});

function minuteOfAll(minutes = 1): void {
  for (let minute = 0; minute < minutes; minute++) {
    for (const customer of customers) world.call({ customer });
    world.clock.advance(minuteMs);
  }
  world.clock.advance(minuteMs);
}
const states = () => new Set(world.events().map(({ state }) => state));
const settle = async (hours: number) => {
  world.clock.advance(hours * hourMs);
  await world.sync();
};

describe('the stream', () => {
  it('takes hundreds, which are accepted and not confirmed; the figure of their day confirms them', async () => {
    minuteOfAll(10);
    await world.sync();
    expect(world.stripe.state.events).toHaveLength(300);
    expect(requests.filter((line) => line.includes('meter_event_stream'))).toHaveLength(3);
    expect(requests.filter((line) => line.endsWith('/v1/billing/meter_events'))).toEqual([]);
    expect(states()).toEqual(new Set(['accepted']));
    expect(world.events()[0]?.lastAnswer).toBe(
      'Stripe’s stream took it and says no more; the figure of its day confirms it.',
    );
    for (let round = 0; round < 4; round++) await settle(20);
    expect(states()).toEqual(new Set(['confirmed']));
  });

  it('opens one session for a quarter of an hour, and the next before that is over', async () => {
    for (let round = 0; round < 8; round++) {
      minuteOfAll();
      await world.sync();
    }
    // Two minutes a round: sixteen in all.
    expect(requests.filter((line) => line.includes('session'))).toHaveLength(2);
    expect(world.stripe.state.events).toHaveLength(240);
  });

  it.each<StripeFault>([
    'lose_answer',
    'expire_session',
    'error_500',
    'drop_connection',
    { kind: 'cut_answer', bytes: 20 },
  ])('sends what may have arrived by it one by one under the same identifier, after %s', async (fault) => {
    minuteOfAll();
    const identifiers = () => new Set(world.events().map(({ identifier }) => identifier));
    world.stripe.breakNext(fault);
    await world.sync();
    const before = identifiers();
    expect(states()).toEqual(new Set(['unknown']));
    await settle(1);
    expect(states()).toEqual(new Set(['accepted']));
    expect(requests.filter((line) => line.includes('meter_event_stream'))).toHaveLength(1);
    expect(requests.filter((line) => line.endsWith('/v1/billing/meter_events'))).toHaveLength(30);
    expect(identifiers()).toEqual(before);
    expect(world.stripe.state.events).toHaveLength(30);
    const had = world.events().filter(({ lastAnswer }) => lastAnswer === 'Stripe had it already.').length;
    const takenByStream = { lose_answer: 30, expire_session: 15, error_500: 0, drop_connection: 0 };
    expect(had).toBe(typeof fault === 'string' ? takenByStream[fault as keyof typeof takenByStream] : 30);
  });

  it('reads the summary of each minute when the doubt is older than an identifier lives', async () => {
    minuteOfAll();
    world.stripe.breakNext('expire_session');
    await world.sync();
    world.clock.advance(30 * hourMs);
    for (let round = 0; round < 12; round++) await settle(2);
    expect(world.stripe.state.events).toHaveLength(30);
    const said = Map.groupBy(world.events(), ({ id, identifier }) => (id === identifier ? 'arrived' : 'sent anew'));
    expect([said.get('arrived')?.length, said.get('sent anew')?.length]).toEqual([15, 15]);
  });

  it('sends again on the stream what surely never left: too many requests, or no session', async () => {
    minuteOfAll();
    world.stripe.breakNext('rate_limit_429');
    await world.sync();
    expect(states()).toEqual(new Set(['sealed']));
    await settle(1);
    expect(states()).toEqual(new Set(['accepted']));
    expect(requests.filter((line) => line.endsWith('/v1/billing/meter_events'))).toEqual([]);
  });

  it('rejects what a report names, by the event’s own identifier', async () => {
    minuteOfAll();
    world.stripe.state.customers.delete('cus_4');
    await world.sync();
    await settle(1);
    expect(
      world
        .events()
        .filter(({ state }) => state === 'rejected')
        .map(({ customer }) => customer),
    ).toEqual(['cus_4']);
  });

  it('shows the day that differs when a report names only the request that held a hundred', async () => {
    world.stripe.changeRules({ streamReportsName: 'request' });
    minuteOfAll();
    world.stripe.state.customers.delete('cus_4');
    await world.sync();
    for (let round = 0; round < 4; round++) await settle(20);
    expect(world.view().dayDifferences.map(({ customer }) => customer)).toEqual(['cus_4']);
    // Back to what was seeded, so that both sides agree at the end.
    world.db.exec(`UPDATE meter_events SET state = 'rejected' WHERE customer = 'cus_4'`);
    world.wrongMoves();
  });
});

describe('the setting of the stream', () => {
  it('is refused with a test key, in a sentence', () => {
    expect(streamSentenceOf(false, 'sk_test_x')).toBeNull();
    expect(streamSentenceOf(true, 'rk_test_x')).toContain('works with live keys only');
    expect(streamSentenceOf(true, 'rk_live_x')).toContain('a hundred in a request');
  });
});
