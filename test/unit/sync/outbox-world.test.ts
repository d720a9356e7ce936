/** The traps of Stripe's metering, each over weeks of a driven clock: a real ledger, the real agent and SDK, the simulated account. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { stampOf } from '../../../shared/meter-event.ts';
import { retryEvent, setAsideEvent } from '../../../main/ledger/outbox-choices.ts';
import type { StripeFault } from '../../../main/sandbox/stripe-faults.ts';
import {
  carryAllForward,
  openOutboxWorld,
  worldMeter,
  worldStartMs,
  type OutboxWorld,
} from '../../kit/outbox-world.ts';

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
  const counted = world.stripe.state.events.filter(({ failure }) => failure === null);
  expect(new Set(counted.map(({ identifier }) => identifier)).size).toBe(counted.length);
  world.close();
});

const states = () => world.events().map(({ state }) => state);
const only = () => {
  const [event] = world.events();
  if (!event) throw new Error('there is one event');
  return event;
};
const minuteOfCalls = (...customers: string[]) => {
  for (const customer of customers) world.call({ customer });
  world.clock.advance(2 * minuteMs);
};
async function syncAfter(ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.sync();
}
const expectAgreement = (customer = 'cus_a') => {
  const { stripe, here } = world.sums(customer);
  expect(stripe).toBe(here);
};

describe('an event whose answer never came, a day later', () => {
  it('is accepted when the summary of its minute holds it', async () => {
    minuteOfCalls('cus_a');
    world.stripe.breakNext('lose_answer');
    await world.sync();
    expect(states()).toEqual(['unknown']);

    await syncAfter(30 * hourMs);
    expect(only()).toMatchObject({
      state: 'accepted',
      lastAnswer: expect.stringContaining('shows that it arrived') as string,
    });
    expect(world.stripe.state.events).toHaveLength(1);
    expectAgreement();
  });

  it('is sent again under an identifier of its own when it never arrived, and only then', async () => {
    minuteOfCalls('cus_a');
    world.stripe.breakNext('drop_connection');
    await world.sync();
    const first = only().identifier;

    await syncAfter(30 * hourMs);
    // One reading is no proof: a summary may lag.
    expect(only()).toMatchObject({ state: 'unknown', identifier: first });
    expect(world.stripe.state.events).toEqual([]);
    await syncAfter(2 * hourMs);
    expect(only()).toMatchObject({ state: 'accepted' });
    expect(only().identifier).not.toBe(first);
    expect(only().id).toBe(first);
    expect(world.stripe.state.events.map(({ timestampMs }) => timestampMs)).toEqual([stampOf(worldStartMs)]);
    expectAgreement();
  });

  it('waits while the summary lags, and is not sent again when it catches up', async () => {
    minuteOfCalls('cus_a');
    world.stripe.breakNext('lose_answer');
    await world.sync();
    world.stripe.changeRules({ summaryLagMs: 24 * hourMs });
    // Held after 23 hours; the summary shows it an hour later.
    await syncAfter(23 * hourMs + 30 * minuteMs);
    expect(states()).toEqual(['unknown']);
    for (let round = 0; round < 4; round++) await syncAfter(hourMs);
    expect(states()).toEqual(['accepted']);
    expect(world.stripe.state.events).toHaveLength(1);
  });

  it('of several revisions of one minute, only the one that is missing is sent again', async () => {
    world.call();
    world.clock.advance(2 * minuteMs);
    await world.sync();
    // Three more calls settle late, one after another: three more revisions of the first minute.
    for (const [before, fault] of (['lose_answer', 'drop_connection', 'lose_answer'] as const).entries()) {
      world.call({ startedAtMs: worldStartMs });
      // The older ones are tried before it, and stay unknown.
      world.stripe.breakNext(...Array<StripeFault>(before).fill('drop_connection'), fault);
      await world.sync();
      expect(states()).toContain('unknown');
      world.stripe.changeRules({ isOffline: true });
      await syncAfter(10_000);
      world.stripe.changeRules({ isOffline: false });
    }
    world.clock.advance(30 * hourMs);
    for (let round = 0; round < 3; round++) await syncAfter(2 * hourMs);
    expect(states()).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    expectAgreement();
  });

  it('stays with both figures when the summary cannot be explained, until a person sets it aside', async () => {
    minuteOfCalls('cus_a');
    world.stripe.breakNext('drop_connection');
    await world.sync();
    // Somebody else sends to the same meter.
    const { id, minuteMs: at } = only();
    const event = { identifier: 'theirs', eventName: worldMeter, customer: 'cus_a', value: '5', timestampMs: at };
    const received = { receivedAtMs: world.clock.nowMs(), idempotencyKey: null, failure: null, isCancelled: false };
    world.stripe.state.eventsOfPair.set(`cus_a ${worldMeter}`, [{ ...event, ...received }]);
    expect(setAsideEvent(world.db, { id, nowMs: world.clock.nowMs() })).toBe(false);

    await syncAfter(30 * hourMs);
    await syncAfter(2 * hourMs);
    expect(only()).toMatchObject({
      state: 'unknown',
      lastAnswer: expect.stringContaining('Stripe counts $0.000005') as string,
    });
    expect(setAsideEvent(world.db, { id, nowMs: world.clock.nowMs() })).toBe(true);
    await syncAfter(3 * dayMs);
    expect(states()).toEqual(['set_aside']);
    expect(world.view().carryForwards[0]?.uncertainNanoUsd).toBe(only().value * 1_000);
  });

  it('is not sent again while Stripe reports errors without naming the events', async () => {
    world.stripe.changeRules({ namesSamples: false });
    minuteOfCalls('cus_a');
    world.stripe.breakNext('lose_answer');
    await world.sync();
    // A second revision that Stripe takes and then does not count, without saying which.
    world.call({ startedAtMs: worldStartMs });
    world.stripe.breakNext('drop_connection', { kind: 'reject_later', code: 'meter_event_customer_not_found' });
    await world.sync();
    await world.sync();
    for (let round = 0; round < 6; round++) await syncAfter(8 * hourMs);
    expect(world.stripe.state.events.length).toBeLessThanOrEqual(2);
    expect(states()).not.toContain('sealed');
  });
});

describe('an event that Stripe took and does not count', () => {
  it('is rejected with cause and remedy, whichever attempt the report names, and is sent again under a new identifier', async () => {
    minuteOfCalls('cus_new');
    // The second attempt has the idempotency key `identifier~2`, which is what the report names.
    world.stripe.breakNext('drop_connection');
    await world.sync();
    await syncAfter(minuteMs);
    expect(only()).toMatchObject({
      state: 'rejected',
      lastAnswer: expect.stringContaining('release its calls to that one') as string,
    });
    expect(world.stripe.state.events[0]?.idempotencyKey).toMatch(/~2$/);
    const spent = only().identifier;

    world.stripe.state.customers.set('cus_new', { id: 'cus_new', name: 'new' });
    expect(retryEvent(world.db, { id: only().id, nowMs: world.clock.nowMs() })).toBe(true);
    await syncAfter(minuteMs);
    expect(only().state).toBe('accepted');
    expect(only().identifier).not.toBe(spent);
    expectAgreement('cus_new');
  });

  it('is found however late the report comes, once, also after a confirmation read elsewhere', async () => {
    world.stripe.changeRules({ reportDelayMs: 50 * hourMs });
    minuteOfCalls('cus_a');
    world.stripe.breakNext({ kind: 'reject_later', code: 'archived_meter' });
    await world.sync();
    await syncAfter(10 * hourMs);
    expect(states()).toEqual(['accepted']);
    await syncAfter(45 * hourMs);
    expect(only()).toMatchObject({
      state: 'rejected',
      lastAnswer: expect.stringContaining('Reactivate the meter') as string,
    });
    retryEvent(world.db, { id: only().id, nowMs: world.clock.nowMs() });
    await syncAfter(minuteMs);
    await syncAfter(hourMs);
    expect(states()).toEqual(['accepted']);
    expectAgreement();
  });

  it('is found on whichever page of the list it stands', async () => {
    for (let minute = 0; minute < 130; minute++) minuteOfCalls('cus_unknown');
    await world.sync();
    await syncAfter(hourMs);
    expect(new Set(states())).toEqual(new Set(['rejected']));
    expect(world.view().rejectedEvents).toBe(130);
  });

  it('may be set aside instead, with one invoice item proposed for its customer', async () => {
    minuteOfCalls('cus_new');
    await world.sync();
    await syncAfter(dayMs);
    minuteOfCalls('cus_new');
    await world.sync();
    await syncAfter(hourMs);
    for (const { id } of world.events()) setAsideEvent(world.db, { id, nowMs: world.clock.nowMs() });
    const proposed = world.view().carryForwards;
    expect(proposed).toMatchObject([{ customer: 'cus_new', events: 2, calls: 2, days: ['2026-11-02', '2026-11-03'] }]);
    expect(proposed[0]?.sentence).toMatch(
      /^Usage of 2026-11-02 and 2026-11-03 \(2 calls\) that was not metered: \$0\.00/,
    );
    carryAllForward(world);
    expect(states()).toEqual(['carried_forward', 'carried_forward']);
    expect(world.view().carryForwards).toEqual([]);
    expect(retryEvent(world.db, { id: only().id, nowMs: world.clock.nowMs() })).toBe(false);
  });
});

describe('forty days without a network', () => {
  it('sets aside what is older than 35 days, sends the rest under its own date, and warns two days before', async () => {
    world.stripe.changeRules({ isOffline: true });
    for (let day = 0; day < 40; day++) {
      world.call();
      await syncAfter(dayMs);
      const { leaving } = world.view();
      if (day === 33) expect(leaving).toMatchObject({ events: 1, atMs: worldStartMs + 35 * dayMs });
      if (day < 32) expect(leaving.events).toBe(0);
    }
    world.stripe.changeRules({ isOffline: false });
    await syncAfter(minuteMs);

    const aside = world.events().filter(({ state }) => state === 'set_aside');
    expect(aside.map((event) => event.minuteMs)).toEqual([0, 1, 2, 3, 4, 5].map((day) => worldStartMs + day * dayMs));
    expect(world.view().carryForwards).toMatchObject([{ customer: 'cus_a', events: 6, calls: 6, uncertainNanoUsd: 0 }]);
    expect(world.stripe.state.events).toHaveLength(34);
    expectAgreement();
  });

  it('sets aside what never arrived by its summary and is too old by now, and nothing that did arrive', async () => {
    minuteOfCalls('cus_a', 'cus_b');
    world.stripe.breakNext('lose_answer', 'drop_connection');
    await world.sync();
    world.stripe.changeRules({ isOffline: true });
    await syncAfter(40 * dayMs);
    world.stripe.changeRules({ isOffline: false });
    for (let round = 0; round < 3; round++) await syncAfter(2 * hourMs);
    expect(states().toSorted()).toEqual(['accepted', 'set_aside']);
    expect(world.stripe.state.events).toHaveLength(1);
  });

  it('puts back in line what a clock that was ahead had set aside', async () => {
    minuteOfCalls('cus_a');
    world.stripe.changeRules({ isOffline: true });
    await syncAfter(400 * dayMs);
    expect(states()).toEqual(['set_aside']);
    world.stripe.changeRules({ isOffline: false });
    await syncAfter(-400 * dayMs);
    expect(states()).toEqual(['accepted']);
  });
});

describe('the daily confirmation', () => {
  it('confirms a day once Stripe’s figure agrees to the unit, in one read a customer', async () => {
    for (let minute = 0; minute < 5; minute++) minuteOfCalls('cus_a', 'cus_b');
    await world.sync();
    const before = world.stripe.readCount();
    await syncAfter(12 * hourMs);
    expect(new Set(states())).toEqual(new Set(['accepted']));
    await syncAfter(13 * hourMs);
    expect(new Set(states())).toEqual(new Set(['confirmed']));
    // Two readings of the reports, one of the meters, one of each customer's days and one of its subscriptions.
    expect(world.stripe.readCount() - before).toBe(7);
    expect(world.view()).toMatchObject({ acceptedEvents: 10, confirmedEvents: 10, dayDifferences: [] });
  });

  it('shows a difference with both figures, sends nothing on it, and confirms when it is gone', async () => {
    minuteOfCalls('cus_a');
    await world.sync();
    const [held] = world.stripe.state.events;
    if (!held) throw new Error('Stripe has it');
    held.isCancelled = true;
    await syncAfter(30 * hourMs);
    expect(world.view().dayDifferences).toMatchObject([
      { customer: 'cus_a', dayMs: worldStartMs, acceptedValue: only().value, stripeValue: 0 },
    ]);
    expect(states()).toEqual(['accepted']);
    expect(world.stripe.state.events).toHaveLength(1);

    held.isCancelled = false;
    await syncAfter(dayMs);
    expect(states()).toEqual(['confirmed']);
    expect(world.view().dayDifferences).toEqual([]);
  });
});

describe('a day on which Stripe goes on counting less than it accepted', () => {
  const rejectedSilently = async () => {
    world.stripe.changeRules({ namesSamples: false });
    for (let minute = 0; minute < 5; minute++) {
      if (minute === 2) world.stripe.breakNext({ kind: 'reject_later', code: 'meter_event_customer_not_found' });
      minuteOfCalls('cus_a', 'cus_b');
      await world.sync();
    }
  };

  it('is looked into, down to the minute, and what it lacks is rejected for a person to send again', async () => {
    await rejectedSilently();
    await syncAfter(30 * hourMs);
    expect(world.view().dayDifferences).toHaveLength(1);
    // Once more a day later, then its hours, then the minutes of the hour that lacks something, twice.
    for (let round = 0; round < 8; round++) await syncAfter(12 * hourMs);
    const rejected = world.events().filter(({ state }) => state === 'rejected');
    expect(rejected).toHaveLength(1);
    expect(rejected[0]?.lastAnswer).toMatch(/^Stripe took it and does not count it, and no report that names it/);
    expect(world.view().dayDifferences).toEqual([]);
    expect(states().filter((state) => state === 'confirmed')).toHaveLength(9);

    expect(retryEvent(world.db, { id: rejected[0]?.id ?? '', nowMs: world.clock.nowMs() })).toBe(true);
    await world.sync();
    expectAgreement('cus_a');
    expectAgreement('cus_b');
  });

  it('costs a read for its hours, one for each minute of an hour that lacks something, and a second for the minute that does', async () => {
    await rejectedSilently();
    await syncAfter(30 * hourMs);
    await syncAfter(dayMs);
    for (let round = 0; round < 4; round++) await syncAfter(2 * hourMs);
    const kinds = world.db.prepare(`SELECT SUM(reads) FROM stripe_reads WHERE kind = 'minutes'`).pluck().get();
    expect(kinds).toBe(1 + 4 + 2);
  });

  it('is not doubted while the summary only lags', async () => {
    world.stripe.changeRules({ summaryLagMs: 40 * hourMs });
    minuteOfCalls('cus_a');
    await world.sync();
    for (let round = 0; round < 10; round++) await syncAfter(12 * hourMs);
    expect(states()).toEqual(['confirmed']);
    expect(world.db.prepare(`SELECT COUNT(*) FROM stripe_reads WHERE kind = 'minutes'`).pluck().get()).toBe(0);
  });
});

describe('the read budget', () => {
  it('counts what was asked, and nothing while there is no network', async () => {
    minuteOfCalls('cus_a');
    await world.sync();
    await syncAfter(30 * hourMs);
    expect(world.view().reads).toEqual({ used: world.stripe.readCount(), max: 10_000 });
    world.stripe.changeRules({ isOffline: true });
    const { used } = world.view().reads;
    for (let round = 0; round < 20; round++) await syncAfter(hourMs);
    expect(world.view().reads.used).toBe(used);
  });
});

describe('a kill', () => {
  it.each(['before_send', 'before_record', 'after_record'] as const)(
    '%s loses nothing and sends nothing twice',
    async (moment) => {
      minuteOfCalls('cus_a', 'cus_b');
      world.killAt(moment);
      await world.sync();
      expect(world.isKilled()).toBe(true);
      world.restart();
      for (let round = 0; round < 3; round++) await syncAfter(minuteMs);
      expect(states()).toEqual(['accepted', 'accepted']);
      expectAgreement('cus_a');
      expectAgreement('cus_b');
    },
  );
});

describe('a restart', () => {
  const reject = { kind: 'reject_later', code: 'archived_meter' } as const;
  const setAside = () => setAsideEvent(world.db, { id: only().id, nowMs: world.clock.nowMs() });
  /** How an event comes into each state, and where it must be two days after the restart. */
  const ways: readonly (readonly [string, string, () => Promise<void> | void])[] = [
    ['sealed', 'confirmed', () => world.stripe.changeRules({ isOffline: true })],
    ['sending', 'confirmed', () => world.killAt('before_record')],
    ['unknown', 'confirmed', () => world.stripe.breakNext('lose_answer')],
    ['accepted', 'confirmed', () => {}],
    ['rejected', 'rejected', () => world.stripe.breakNext(reject)],
  ];
  const more: readonly (readonly [string, string, () => Promise<void> | void])[] = [
    ['confirmed', 'confirmed', () => syncAfter(30 * hourMs)],
    ['set_aside', 'set_aside', () => void setAside()],
    [
      'carried_forward',
      'carried_forward',
      () => {
        setAside();
        carryAllForward(world);
      },
    ],
  ];

  it.each(ways)('finds an event that is %s and brings it to %s', async (before, after, prepare) => {
    minuteOfCalls('cus_a');
    await prepare();
    await world.sync();
    if (before === 'rejected') await syncAfter(minuteMs);
    expect(states()).toEqual([before]);
    await restartAndWait();
    expect(states()).toEqual([after]);
  });

  it.each(more)('finds an event that is %s and leaves it %s', async (before, after, prepare) => {
    minuteOfCalls('cus_a');
    if (before !== 'confirmed') world.stripe.breakNext(reject);
    await world.sync();
    if (before !== 'confirmed') await syncAfter(minuteMs);
    await prepare();
    expect(states()).toEqual([before]);
    await restartAndWait();
    expect(states()).toEqual([after]);
  });

  async function restartAndWait(): Promise<void> {
    world.restart();
    world.stripe.changeRules({ isOffline: false });
    for (let round = 0; round < 12; round++) await syncAfter(4 * hourMs);
    expectAgreement();
    expect(world.stripe.state.events.length).toBeLessThanOrEqual(1);
  }
});
