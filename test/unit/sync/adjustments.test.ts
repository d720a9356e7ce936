/**
 * Calls that are corrected after Stripe was told, over days of a driven clock: cancelled and sent anew within 24 hours, a difference after them, and
 * whatever fails on the way neither both counted nor neither.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { setAdjustsSentEvents } from '../../../main/ledger/adjusts-sent-events.ts';
import { readMeterEvent } from '../../../main/ledger/read-meter-event.ts';
import { openOutboxWorld, worldStartMs, type KillMoment, type OutboxWorld } from '../../kit/outbox-world.ts';
import { unaccountedNanoUsd } from '../../kit/outbox-steps.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
let world: OutboxWorld;

beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a', 'cus_b'] });
});
afterEach(() => {
  expect(world.ledger.findings()).toEqual([]);
  expect(world.wrongMoves()).toEqual([]);
  expect(unaccountedNanoUsd(world.db)).toBe(0);
  world.close();
});

const states = () => world.events().map(({ state }) => state);
const event = () => {
  const [first] = world.events();
  if (!first) throw new Error('there is one event');
  return first;
};
async function syncAfter(ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.sync();
}
async function sent(): Promise<string> {
  const id = world.call({ customer: 'cus_a' });
  await syncAfter(2 * minuteMs);
  expect(states()).toEqual(['accepted']);
  return id;
}
const counted = (customer = 'cus_a') => world.sums(customer).stripe;
const differences = () => world.view().differences;
const received = () => world.stripe.state.events.map(({ identifier }) => identifier);

describe('a call that is corrected within 24 hours of its event', () => {
  it.each([500, -7])(
    '%i output tokens: its event is cancelled and its minute’s sum sent anew under a new identifier',
    async (more) => {
      const id = await sent();
      const old = event();
      world.correct(id, { output: more });
      expect(differences().calls).toBe(1);
      await syncAfter(hourMs);

      expect(event()).toMatchObject({
        id: old.id,
        state: 'accepted',
        value: old.value + more * 10,
        minuteMs: worldStartMs,
      });
      expect(event().identifier).not.toBe(old.identifier);
      expect(counted()).toBe(BigInt(event().value));
      expect(differences().calls).toBe(0);
      expect(world.stripe.state.events.map(({ isCancelled }) => isCancelled)).toEqual([true, false]);
      expect(readMeterEvent(world.db, old.identifier)).toMatchObject({
        event: { id: old.id },
        spent: [{ identifier: old.identifier, reason: expect.stringContaining('Stripe cancelled it') as string }],
      });
    },
  );

  it('is cancelled and withdrawn when nothing of it is this customer’s any more, and comes back when it is again', async () => {
    const id = await sent();
    const { value } = event();
    world.correct(id, { customer: 'cus_b' });
    await syncAfter(hourMs);
    expect(world.events().map(({ customer, state }) => [customer, state])).toEqual([
      ['cus_a', 'withdrawn'],
      ['cus_b', 'accepted'],
    ]);
    expect([counted('cus_a'), counted('cus_b')]).toEqual([0n, BigInt(value)]);
    world.correct(id, { customer: 'cus_a' });
    await syncAfter(hourMs);
    expect([counted('cus_a'), counted('cus_b')]).toEqual([BigInt(value), 0n]);
  });

  it('of less than the meter’s unit is carried with the remainder, and Stripe is not asked', async () => {
    const id = await sent();
    const { value } = event();
    world.correct(id, { cacheRead: 1 });
    expect(differences()).toMatchObject({ calls: 1, nanoUsd: 100 });
    await syncAfter(minuteMs);
    expect(differences().calls).toBe(0);
    expect(event().value).toBe(value);
    expect(world.stripe.state.events.map(({ isCancelled }) => isCancelled)).toEqual([false]);
  });

  it('is confirmed with the new sum, not before the summary has let go of the old one', async () => {
    world.stripe.changeRules({ adjustmentLagMs: 4 * hourMs });
    const id = await sent();
    await syncAfter(20 * hourMs);
    world.correct(id, { output: 100 });
    await syncAfter(minuteMs);
    expect(states()).toEqual(['accepted']);
    // The day is over; its cancellation is not six hours old.
    await syncAfter(5 * hourMs);
    expect(world.view().dayDifferences).toEqual([]);
    expect(states()).toEqual(['accepted']);
    await syncAfter(3 * hourMs);
    expect(states()).toEqual(['confirmed']);
  });

  it('is adjusted again after a confirmation, and told in `sync show`', async () => {
    const id = await sent();
    world.db.prepare(`UPDATE meter_events SET state = 'confirmed', confirmed_at_ms = 1`).run();
    world.wrongMoves();
    world.correct(id, { output: 100 });
    expect(readMeterEvent(world.db, event().id)?.adjustment).toMatchObject({
      calls: 1,
      nanoUsd: 1_000_000,
      sentence: expect.stringMatching(
        /^By itself it is cancelled at Stripe and sent anew until 2026-11-02T23:0/,
      ) as string,
    });
    await syncAfter(hourMs);
    expect(counted()).toBe(BigInt(event().value));
  });

  it('is not cancelled where the setting says no, and is proposed at once', async () => {
    setAdjustsSentEvents(world.db, false);
    const id = await sent();
    world.correct(id, { output: 100 });
    await syncAfter(hourMs);
    expect(received()).toHaveLength(1);
    expect(readMeterEvent(world.db, event().id)?.adjustment?.sentence).toContain('adjustSentEvents is off');
    expect(world.view().carryForwards).toMatchObject([{ customer: 'cus_a', nanoUsd: 1_000_000 }]);
  });
});

describe('a call that is corrected later', () => {
  it.each([100, -7])(
    '%i output tokens: its event stays, and the difference is proposed as a carry-forward',
    async (more) => {
      const id = await sent();
      const old = event();
      await syncAfter(30 * hourMs);
      world.correct(id, { output: more });
      await syncAfter(hourMs);
      expect(event()).toMatchObject({ identifier: old.identifier, value: old.value });
      expect(received()).toHaveLength(1);
      expect(world.view().carryForwards).toMatchObject([
        { customer: 'cus_a', nanoUsd: more * 10_000, days: ['2026-11-02'], events: 0, correctedCalls: 1 },
      ]);
      expect(world.view().carryForwards[0]?.sentence).toContain(more > 0 ? 'more' : 'less');
      expect(readMeterEvent(world.db, old.id)?.adjustment?.sentence).toContain('24 hours only');
    },
  );
});

describe('an adjustment whose answer never came', () => {
  it('is asked again under the same key, which tells the first answer', async () => {
    const id = await sent();
    world.correct(id, { output: 100 });
    world.stripe.breakNext('lose_answer');
    await syncAfter(hourMs);
    expect(states()).toEqual(['cancelling']);
    expect(counted()).toBe(0n);
    await syncAfter(minuteMs);
    expect(states()).toEqual(['accepted']);
    expect(counted()).toBe(BigInt(event().value));
    expect(received()).toHaveLength(2);
  });

  it('is decided by the summary of its minute when the next one is refused', async () => {
    const id = await sent();
    world.correct(id, { output: 100 });
    // Stripe cancels, and answers with a failure under that key: the next key is told that it is cancelled already.
    world.stripe.breakNext('lose_answer', 'error_500');
    await syncAfter(hourMs);
    await syncAfter(minuteMs);
    await syncAfter(minuteMs);
    expect(received()).toHaveLength(1);
    for (let round = 0; round < 5; round++) await syncAfter(2 * hourMs);
    expect(received()).toHaveLength(2);
    expect(counted()).toBe(BigInt(event().value));
    expect(differences().calls).toBe(0);
  });

  it('and that never arrived before the 24 hours were over leaves the event as it was, and a difference', async () => {
    const id = await sent();
    const old = event();
    world.correct(id, { output: 100 });
    world.stripe.breakNext('drop_connection');
    await syncAfter(22 * hourMs);
    expect(states()).toEqual(['cancelling']);
    world.stripe.changeRules({ isOffline: true });
    await syncAfter(3 * hourMs);
    world.stripe.changeRules({ isOffline: false });
    await syncAfter(hourMs);
    expect(states()).toEqual(['cancelling']);
    for (let round = 0; round < 5; round++) await syncAfter(2 * hourMs);
    expect(event()).toMatchObject({ identifier: old.identifier });
    expect(received()).toHaveLength(1);
    expect(counted()).toBe(BigInt(old.value));
    expect(world.view().carryForwards).toMatchObject([{ nanoUsd: 1_000_000 }]);
  });

  it('does not mistake a summary that still holds the cancelled event for one that counts it', async () => {
    world.stripe.changeRules({ adjustmentLagMs: 5 * hourMs });
    const id = await sent();
    world.correct(id, { output: 100 });
    await syncAfter(20 * hourMs);
    expect(states()).toEqual(['accepted']);
    // A late call of the same minute whose answer is lost, while the summary is still too high.
    world.call({ customer: 'cus_a', startedAtMs: worldStartMs });
    world.stripe.breakNext('drop_connection');
    await syncAfter(minuteMs);
    for (let round = 0; round < 18; round++) await syncAfter(2 * hourMs);
    expect(counted()).toBe(world.sums('cus_a').here);
    expect(states().every((state) => state === 'accepted' || state === 'confirmed')).toBe(true);
  });
});

describe('an adjustment that Stripe refuses', () => {
  it('leaves the event as it was, and a difference', async () => {
    const id = await sent();
    const [held] = world.stripe.state.events;
    if (!held) throw new Error('Stripe has it');
    Object.assign(held, { receivedAtMs: held.receivedAtMs - 25 * hourMs });
    world.correct(id, { output: 100 });
    await syncAfter(hourMs);
    expect(states()).toEqual(['accepted']);
    expect(event().lastAnswer).toContain('The event was received more than 24 hours ago.');
    expect(counted()).toBe(BigInt(event().value));
    expect(world.view().carryForwards).toMatchObject([{ nanoUsd: 1_000_000 }]);
    const requests = world.stripe.requestCount();
    await syncAfter(minuteMs);
    // One for the reports, which `sync now` reads; no second adjustment.
    expect(world.stripe.requestCount() - requests).toBeLessThanOrEqual(1);
  });

  it('because it never counted the event, makes it rejected, and its new sum is sent when a person says so', async () => {
    world.stripe.changeRules({ reportDelayMs: 2 * hourMs });
    const id = world.call({ customer: 'cus_a' });
    world.stripe.breakNext({ kind: 'reject_later', code: 'archived_meter' });
    await syncAfter(2 * minuteMs);
    world.correct(id, { output: 100 });
    await syncAfter(hourMs);
    expect(states()).toEqual(['accepted']);
    await syncAfter(3 * hourMs);
    expect(states()).toEqual(['rejected']);
  });
});

describe('a kill while an event is cancelled', () => {
  it.each(['before_send', 'before_record', 'after_record'] satisfies KillMoment[])(
    '%s counts its calls once',
    async (moment) => {
      const id = await sent();
      world.correct(id, { output: 100 });
      world.killAt(moment);
      await syncAfter(hourMs);
      expect(world.isKilled()).toBe(true);
      world.restart();
      for (let round = 0; round < 3; round++) await syncAfter(minuteMs);
      expect(states()).toEqual(['accepted']);
      expect(counted()).toBe(BigInt(event().value));
      expect(differences().calls).toBe(0);
      expect(world.stripe.state.events.filter(({ isCancelled }) => !isCancelled)).toHaveLength(1);
    },
  );
});
