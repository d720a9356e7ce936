/** Subscriptions that end in mid-period, unseen since they were read last: what lies in them is sent, or cancelled, on a fresh reading only. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { subscribe } from '../../../main/sandbox/stripe-invoices.ts';
import { sumOf } from '../../../main/sandbox/stripe-meter-events.ts';
import { onNoInvoiceSentence } from '../../../shared/leaving-words.ts';
import { createDayOf } from '../../../shared/period.ts';
import { unaccountedNanoUsd } from '../../kit/outbox-steps.ts';
import { openOutboxWorld, worldMeter, worldStartMs, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let world: OutboxWorld;
let requests: string[];

beforeEach(() => {
  requests = [];
  world = openOutboxWorld({ customers: ['cus_a'], tell: (request) => void requests.push(request) });
});
afterEach(() => {
  expect(world.ledger.findings()).toEqual([]);
  expect(world.wrongMoves()).toEqual([]);
  expect(unaccountedNanoUsd(world.db)).toBe(0);
  // What the meter holds of a period is what its invoice counts: nothing was sent past it, nothing taken back from it.
  for (const { quantity, startMs, endMs } of world.stripe.state.invoices)
    if (quantity !== null)
      expect(sumOf(world.stripe.state, worldMeter, 'cus_a', startMs, endMs, Infinity)).toBe(quantity);
  world.close();
});

const states = () => world.events().map(({ state }) => (state === 'confirmed' ? 'accepted' : state));
async function syncAfter(ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.sync();
}
const offline = (isOffline: boolean) => world.stripe.changeRules({ isOffline });
const subscriptionReads = () => requests.filter((request) => request === 'GET /v1/subscriptions').length;
const invoiced = () => world.stripe.state.invoices.map(({ quantity }) => quantity);
const proposedNanoUsd = () => world.view().carryForwards.map(({ nanoUsd }) => nanoUsd);

type Interval = 'day' | 'month';
function subscribeFrom(startMs: number, interval: Interval = 'month'): string {
  return subscribe(
    world.stripe.state,
    { customer: 'cus_a', eventName: worldMeter, startMs, interval },
    world.stripe.newId,
  );
}

function end(subscription: string, how: 'invoice_now' | 'no_invoice'): void {
  world.stripe.handle({
    method: 'DELETE',
    path: `/v1/subscriptions/${subscription}${how === 'invoice_now' ? '?invoice_now=true' : ''}`,
    headers: { authorization: 'Bearer sk_live_person' },
    body: '',
  });
}

/** Three calls, an hour apart. */
function threeCalls(): void {
  for (let call = 0; call < 3; call++) {
    world.clock.advance(hourMs);
    world.call();
  }
}

describe('a subscription that ended while this machine was offline', () => {
  it('with a final invoice takes nothing more: what waited is set aside', async () => {
    const subscription = subscribeFrom(worldStartMs - 10 * dayMs);
    world.call();
    await syncAfter(2 * minuteMs);
    offline(true);
    threeCalls();
    world.clock.advance(30 * minuteMs);
    end(subscription, 'invoice_now');
    world.clock.advance(15 * hourMs);
    offline(false);
    await syncAfter(minuteMs);
    expect(states()).toEqual(['accepted', 'set_aside', 'set_aside', 'set_aside']);
    expect(invoiced()).toEqual([world.sums('cus_a').here]);
    expect(world.view().carryForwards).toMatchObject([{ events: 3 }]);
  });

  it('and has its invoice as a draft still takes what waited', async () => {
    world.stripe.changeRules({ invoiceGraceMs: 3 * dayMs });
    const subscription = subscribeFrom(worldStartMs - 10 * dayMs);
    world.call();
    await syncAfter(2 * minuteMs);
    offline(true);
    threeCalls();
    world.clock.advance(30 * minuteMs);
    end(subscription, 'invoice_now');
    world.clock.advance(15 * hourMs);
    offline(false);
    await syncAfter(minuteMs);
    expect(states()).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    await syncAfter(3 * dayMs);
    expect(invoiced()).toEqual([world.sums('cus_a').here]);
  });

  it('after a first period that was shorter than a day has that one’s invoice final', async () => {
    world.call();
    await syncAfter(2 * minuteMs);
    // Its first period, up to the anchor of the billing, is six hours long.
    const id = subscribeFrom(world.clock.nowMs());
    const subscription = world.stripe.state.subscriptions.get(id);
    if (subscription) subscription.currentEndMs = subscription.startMs + 6 * hourMs;
    offline(true);
    threeCalls();
    world.clock.advance(15 * hourMs);
    offline(false);
    await syncAfter(minuteMs);
    expect(states()).toEqual(['accepted', 'set_aside', 'set_aside', 'set_aside']);
    expect(world.view().carryForwards).toMatchObject([{ events: 3 }]);
  });

  it('whose anchor was moved has the invoice of the shorter period final', async () => {
    const id = subscribeFrom(worldStartMs - 10 * dayMs);
    world.call();
    await syncAfter(2 * minuteMs);
    offline(true);
    threeCalls();
    const subscription = world.stripe.state.subscriptions.get(id);
    if (subscription) subscription.currentEndMs = world.clock.nowMs() + hourMs;
    world.clock.advance(15 * hourMs);
    offline(false);
    await syncAfter(minuteMs);
    expect(states()).toEqual(['accepted', 'set_aside', 'set_aside', 'set_aside']);
  });
});

describe('a correction of what lies in a subscription that ended since it was read', () => {
  /** Delivered, and on a final invoice of which nothing has been read. */
  async function deliveredAndFinal(): Promise<string> {
    const subscription = subscribeFrom(worldStartMs - 10 * dayMs);
    const id = world.call();
    await syncAfter(2 * minuteMs);
    world.clock.advance(hourMs);
    end(subscription, 'invoice_now');
    await syncAfter(2 * hourMs);
    return id;
  }

  it('is not taken off its final invoice: the difference goes on an item', async () => {
    const id = await deliveredAndFinal();
    world.correct(id, { output: 100 });
    await syncAfter(minuteMs);
    await syncAfter(2 * hourMs);
    expect(states()).toEqual(['accepted']);
    expect(invoiced()).toEqual([world.sums('cus_a').here]);
    expect(proposedNanoUsd()).toEqual([1_000_000]);
  });

  it('and whose cancellation had no answer is billed once, by its difference', async () => {
    const id = await deliveredAndFinal();
    world.correct(id, { output: 100 });
    world.stripe.breakNext('lose_answer');
    await syncAfter(minuteMs);
    offline(true);
    world.clock.advance(25 * hourMs);
    offline(false);
    for (let look = 0; look < 24; look++) await syncAfter(2 * hourMs);
    expect(states()).toEqual(['accepted']);
    expect(proposedNanoUsd()).toEqual([1_000_000]);
  });

  it('is made, on a reading that is fresh, where the subscription goes on', async () => {
    subscribeFrom(worldStartMs - 10 * dayMs);
    const id = world.call();
    await syncAfter(2 * minuteMs);
    await syncAfter(3 * hourMs);
    const before = subscriptionReads();
    world.correct(id, { output: 100 });
    await syncAfter(minuteMs);
    expect(subscriptionReads() - before).toBe(1);
    expect(world.sums('cus_a').stripe).toBe(world.sums('cus_a').here);
    expect(world.view().differences.calls).toBe(0);
  });
});

describe('reading subscriptions', () => {
  it('is done once a day while minutes are sent as they close, and once more for a backlog', async () => {
    subscribeFrom(worldStartMs - 10 * dayMs);
    for (let minute = 0; minute < 120; minute++) {
      world.call();
      await syncAfter(minuteMs);
    }
    expect(subscriptionReads()).toBe(1);
    offline(true);
    threeCalls();
    offline(false);
    for (let minute = 0; minute < 30; minute++) await syncAfter(minuteMs);
    expect(subscriptionReads()).toBe(2);
    expect(new Set(states())).toEqual(new Set(['accepted']));
  });

  it('is not done again for what is held or not due', async () => {
    subscribeFrom(worldStartMs - 10 * dayMs);
    world.call();
    world.stripe.breakNext('lose_answer');
    await syncAfter(2 * minuteMs);
    world.db.prepare(`UPDATE meter_events SET state = 'unknown', next_attempt_at_ms = NULL`).run();
    const before = subscriptionReads();
    for (let hour = 0; hour < 20; hour++) await syncAfter(hourMs);
    expect(subscriptionReads()).toBe(before);
  });
});

describe('what leaves an invoice soon', () => {
  it('counts an event once, by the invoice that closes first, where two subscriptions bill it', async () => {
    subscribeFrom(worldStartMs, 'day');
    subscribeFrom(worldStartMs + 12 * hourMs, 'day');
    world.clock.advance(13 * hourMs);
    world.call();
    await syncAfter(2 * minuteMs);
    offline(true);
    world.call();
    await syncAfter(2 * minuteMs);
    await syncAfter(20 * minuteMs);
    const { closing, waitingNanoUsd } = world.view();
    expect(closing).toMatchObject({ events: 1, nanoUsd: waitingNanoUsd, atMs: worldStartMs + 25 * hourMs });
  });
});

describe('a subscription that was cancelled without an invoice', () => {
  it('leaves what was delivered on none: told with its customer and worth, for forty days', async () => {
    const subscription = subscribeFrom(worldStartMs - 10 * dayMs);
    world.call();
    await syncAfter(2 * minuteMs);
    const worth = world.view().acceptedNanoUsd;
    world.clock.advance(hourMs);
    end(subscription, 'no_invoice');
    world.call();
    await syncAfter(2 * minuteMs);
    expect(world.view().onNoInvoice).toEqual([]);
    await syncAfter(25 * hourMs);
    const [told] = world.view().onNoInvoice;
    expect(told).toMatchObject({ customer: 'cus_a', events: 1, nanoUsd: worth });
    expect(world.view().carryForwards).toEqual([]);
    expect(told && onNoInvoiceSentence(told, createDayOf('UTC'))).toBe(
      '$0.002072 of cus_a, delivered in 1 meter event, is on no invoice: its subscription ended on 2026-11-02 and was cancelled without `invoice_now`. Put it on an invoice by hand.',
    );
    await syncAfter(40 * dayMs);
    expect(world.view().onNoInvoice).toEqual([]);
  });

  it('leaves out what another subscription bills, and the periods before, which have invoices of their own', async () => {
    const subscription = subscribeFrom(worldStartMs, 'day');
    world.call();
    await syncAfter(2 * minuteMs);
    await syncAfter(2 * dayMs);
    world.call();
    await syncAfter(2 * minuteMs);
    subscribeFrom(worldStartMs);
    world.clock.advance(hourMs);
    end(subscription, 'no_invoice');
    await syncAfter(25 * hourMs);
    expect(states()).toEqual(['accepted', 'accepted']);
    expect(world.view().onNoInvoice).toEqual([]);
  });

  it('is not taken for one whose last invoice was made for another reason than the end of a period', async () => {
    world.stripe.changeRules({ closingInvoiceReason: 'manual', invoiceGraceMs: 3 * dayMs });
    const subscription = subscribeFrom(worldStartMs - 10 * dayMs);
    world.call();
    await syncAfter(2 * minuteMs);
    offline(true);
    threeCalls();
    world.clock.advance(30 * minuteMs);
    end(subscription, 'invoice_now');
    offline(false);
    await syncAfter(25 * hourMs);
    expect(states()).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
    await syncAfter(3 * dayMs);
    expect(world.view().onNoInvoice).toEqual([]);
    expect(invoiced()).toEqual([world.sums('cus_a').here]);
  });
});
