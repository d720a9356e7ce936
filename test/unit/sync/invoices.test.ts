/** Invoices and their items, over weeks of a driven clock: what is late stays out of a final invoice, is set aside, warned of before, and billed once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { subscribe } from '../../../main/sandbox/stripe-invoices.ts';
import { sumOf } from '../../../main/sandbox/stripe-meter-events.ts';
import { recordSubscriptions } from '../../../main/ledger/invoice-periods.ts';
import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { takeDueEvents } from '../../../main/ledger/take-due.ts';
import { retryEvent, setAsideEvent } from '../../../main/ledger/outbox-choices.ts';
import { createDayOf } from '../../../shared/period.ts';
import { closingSentence } from '../../../shared/leaving-words.ts';
import { unaccountedNanoUsd } from '../../kit/outbox-steps.ts';
import { openOutboxWorld, worldMeter, worldStartMs, type OutboxWorld } from '../../kit/outbox-world.ts';

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
  expect(unaccountedNanoUsd(world.db)).toBe(0);
  world.close();
});

/** A confirmed event was delivered. */
const stateOf = ({ state }: { readonly state: string }) => (state === 'confirmed' ? 'accepted' : state);
const states = () => world.events().map(stateOf);
const statesByCustomer = () => world.events().map((event) => [event.customer, stateOf(event)]);
async function syncAfter(ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.sync();
}
/** A subscription whose week began with the world. */
const weekly = (customer = 'cus_a') =>
  subscribe(
    world.stripe.state,
    { customer, eventName: worldMeter, startMs: worldStartMs, interval: 'week' },
    world.stripe.newId,
  );
const offline = (isOffline: boolean) => world.stripe.changeRules({ isOffline });
const invoices = () => world.stripe.state.invoices;
const received = () => world.stripe.state.events.length;

describe('an event of a period that is over', () => {
  it('is still sent while its invoice is a draft, under its own date, and the invoice counts it', async () => {
    weekly();
    world.stripe.changeRules({ invoiceGraceMs: 3 * dayMs });
    world.call();
    await syncAfter(2 * minuteMs);
    offline(true);
    world.clock.advance(7 * dayMs - 4 * minuteMs);
    world.call();
    await syncAfter(2 * dayMs);
    offline(false);
    await syncAfter(minuteMs);
    expect(states()).toEqual(['accepted', 'accepted']);
    await syncAfter(3 * dayMs);
    expect(invoices().map(({ quantity }) => quantity)).toEqual([world.sums('cus_a').here]);
  });

  it('is sent in the first run, since what its invoice takes is read before', async () => {
    const requests: string[] = [];
    world.close();
    world = openOutboxWorld({ customers: ['cus_a', 'cus_b'], tell: (request) => void requests.push(request) });
    for (const customer of ['cus_a', 'cus_b']) world.call({ customer });
    await syncAfter(2 * hourMs);
    expect(states()).toEqual(['accepted', 'accepted']);
    const asked = requests.filter((request) => !request.includes('/v2/')).slice(0, 4);
    expect(asked).toEqual([
      'GET /v1/subscriptions',
      'GET /v1/subscriptions',
      'POST /v1/billing/meter_events',
      'POST /v1/billing/meter_events',
    ]);
  });

  it('and of a customer whose subscriptions cannot be read waits as a whole, but for what is too young for a final invoice', () => {
    weekly();
    const readMs = worldStartMs + 2 * hourMs;
    const period = {
      startMs: worldStartMs,
      endMs: worldStartMs + 7 * dayMs,
      state: 'running',
      finalizesAtMs: null,
    } as const;
    const known = { ...period, meter: worldMeter, subscription: 'sub_1', invoice: null };
    recordSubscriptions(world.db, { customer: 'cus_a', periods: [known], nowMs: readMs });
    const nowMs = worldStartMs + 9 * dayMs;
    for (const agoMs of [8 * dayMs, dayMs, 2 * hourMs, 10 * minuteMs]) world.call({ startedAtMs: nowMs - agoMs });
    world.clock.advance(9 * dayMs);
    sealClosedMinutes(world.db, { nowMs, onTheirWay: [] });
    const due = takeDueEvents(world.db, { nowMs, limit: 10, perPair: 10, readsInvoices: true });
    expect(due.map(({ minuteMs: startMs }) => nowMs - startMs)).toEqual([10 * minuteMs]);
    // The first lies in a period that is known to be over, the others in none that is known.
    expect(world.events().map(({ state, lastAnswer }) => [state, lastAnswer])).toEqual([
      ['sealed', expect.stringContaining('once the invoice has been read')],
      ['sealed', expect.stringContaining('once the invoice has been read')],
      ['sealed', expect.stringContaining('once the invoice has been read')],
      ['sending', null],
    ]);
  });

  it('is set aside before it is sent when its invoice is final, never re-dated, and explained', async () => {
    weekly();
    world.call();
    await syncAfter(2 * minuteMs);
    offline(true);
    world.call({ startedAtMs: worldStartMs + dayMs });
    world.call({ startedAtMs: worldStartMs + 8 * dayMs });
    await syncAfter(9 * dayMs);
    offline(false);
    await syncAfter(minuteMs);
    expect(states()).toEqual(['accepted', 'set_aside', 'accepted']);
    expect(received()).toBe(2);
    expect(world.view().carryForwards).toMatchObject([{ customer: 'cus_a', events: 1, days: ['2026-11-03'] }]);
    expect(world.events()[1]?.lastAnswer).toContain('The invoice of its period is final');
    // Sent again by a person it is set aside again: the invoice stays final.
    retryEvent(world.db, { id: world.events()[1]?.id ?? '', nowMs: world.clock.nowMs() });
    await syncAfter(minuteMs);
    expect(states()[1]).toBe('set_aside');
  });

  it('and whose answer never came is decided by its minute’s summary, then set aside when it never arrived', async () => {
    weekly();
    world.call();
    world.call({ customer: 'cus_b' });
    world.stripe.breakNext('drop_connection', 'lose_answer');
    await syncAfter(2 * minuteMs);
    weekly('cus_b');
    offline(true);
    await syncAfter(8 * dayMs);
    offline(false);
    for (let round = 0; round < 4; round++) await syncAfter(2 * hourMs);
    expect(statesByCustomer()).toEqual([
      ['cus_a', 'set_aside'],
      ['cus_b', 'accepted'],
    ]);
  });

  it('of a customer without a subscription is bound by the 35 days alone', async () => {
    weekly('cus_b');
    offline(true);
    world.call({ customer: 'cus_a' });
    world.call({ customer: 'cus_b' });
    await syncAfter(30 * dayMs);
    offline(false);
    await syncAfter(minuteMs);
    expect(statesByCustomer()).toEqual([
      ['cus_a', 'accepted'],
      ['cus_b', 'set_aside'],
    ]);
  });
});

describe('before an invoice closes', () => {
  it('says what leaves it unless this machine goes online, also by what was known last', async () => {
    weekly();
    world.call();
    await syncAfter(2 * minuteMs);
    offline(true);
    await syncAfter(4 * dayMs);
    world.call();
    await syncAfter(20 * minuteMs);
    expect(world.view().closing.events).toBe(0);
    await syncAfter(2 * dayMs);
    const { closing } = world.view();
    expect(closing).toMatchObject({ events: 1, atMs: worldStartMs + 7 * dayMs + hourMs });
    expect(closingSentence(closing, { isOffline: true, dayOf: createDayOf('UTC') })).toMatch(
      /^\$0\.00 leaves tomorrow’s invoice unless this machine goes online; /,
    );
  });
});

describe('an adjustment beside invoices', () => {
  it('is not made where the invoice closes soon or is final: a carry-forward settles it', async () => {
    weekly();
    world.clock.advance(7 * dayMs - hourMs);
    const id = world.call();
    await syncAfter(2 * minuteMs);
    world.correct(id, { output: 100 });
    await syncAfter(minuteMs);
    expect(states()).toEqual(['accepted']);
    await syncAfter(6 * hourMs);
    expect(invoices()[0]?.quantity).toBe(world.sums('cus_a').here);
    expect(world.view().carryForwards).toMatchObject([{ nanoUsd: 1_000_000, correctedCalls: 1 }]);
  });

  it('whose answer never came is not asked for again once a period that no reading has seen may be final', async () => {
    subscribe(
      world.stripe.state,
      { customer: 'cus_a', eventName: worldMeter, startMs: worldStartMs, interval: 'day' },
      world.stripe.newId,
    );
    world.clock.advance(20 * hourMs);
    world.call();
    // Its subscriptions are read now, and again in a day: the period that begins at midnight is not known.
    await syncAfter(2 * minuteMs);
    world.clock.advance(16 * hourMs);
    const id = world.call();
    await syncAfter(4 * hourMs);
    const sent = world.sums('cus_a').stripe;
    world.correct(id, { output: 100 });
    world.stripe.breakNext('drop_connection');
    await syncAfter(30 * minuteMs);
    expect(states()).toEqual(['accepted', 'cancelling']);
    offline(true);
    await syncAfter(6 * hourMs);
    offline(false);
    for (let look = 0; look < 8; look++) await syncAfter(2 * hourMs);
    expect(states()).toEqual(['accepted', 'accepted']);
    expect(world.sums('cus_a').stripe).toBe(sent);
    expect(String(invoices().at(1)?.quantity)).toBe(world.stripe.state.events.at(1)?.value);
    expect(world.view().carryForwards).toMatchObject([{ nanoUsd: 1_000_000 }]);
  });

  it('made while there is time is on the invoice', async () => {
    weekly();
    const id = world.call();
    await syncAfter(2 * minuteMs);
    world.correct(id, { output: 100 });
    await syncAfter(minuteMs);
    await syncAfter(8 * dayMs);
    expect(invoices()[0]?.quantity).toBe(world.sums('cus_a').here);
    expect(sumOf(world.stripe.state, worldMeter, 'cus_a', worldStartMs, worldStartMs + dayMs, Infinity)).toBe(
      invoices()[0]?.quantity,
    );
  });
});

/** A call of some $0.04 that was set aside. */
async function setOneAside(output = 4_000): Promise<void> {
  const id = world.call({ customer: 'cus_new' });
  world.correct(id, { output });
  await syncAfter(2 * minuteMs);
  await syncAfter(minuteMs);
  for (const event of world.events().filter(({ state }) => state === 'rejected'))
    setAsideEvent(world.db, { id: event.id, nowMs: world.clock.nowMs() });
  world.stripe.state.customers.set('cus_new', { id: 'cus_new', name: 'new' });
}
const items = () => world.stripe.state.invoiceItems;
const proposed = () => world.view().carryForwards;

describe('a carry-forward that is made an invoice item', () => {
  it('is one item of whole cents that names the days and calls; the rest below a cent is in the next one', async () => {
    await setOneAside();
    const [first] = proposed();
    const made = await world.createItem('cus_new');
    expect(made).toMatchObject({ kind: 'created', item: items()[0]?.id });
    expect(items()).toMatchObject([
      {
        customer: 'cus_new',
        cents: Math.trunc((first?.nanoUsd ?? 0) / 1e7),
        currency: 'usd',
        description: first?.sentence,
      },
    ]);
    expect(items()[0]?.description).toContain('Usage of 2026-11-02 (1 call)');
    expect(states()).toEqual(['carried_forward']);
    expect(proposed()).toEqual([]);

    world.stripe.state.customers.delete('cus_new');
    await setOneAside();
    const rest = (first?.nanoUsd ?? 0) % 1e7;
    expect(proposed()[0]).toMatchObject({ restNanoUsd: rest });
    await world.createItem('cus_new');
    const sum = items().reduce((total, { cents }) => total + cents * 1e7, 0);
    const left = world.db.prepare<[], number>('SELECT nano_usd FROM carry_rests').pluck().get() ?? 0;
    const values = world.events().reduce((total, { value }) => total + value * 1_000, 0);
    expect(sum + left).toBe(values);
  });

  it('less than nothing is a credit, and a further correction is told against what was settled', async () => {
    const id = world.call({ customer: 'cus_a' });
    world.correct(id, { output: 9_000 });
    await syncAfter(2 * minuteMs);
    await syncAfter(30 * hourMs);
    world.correct(id, { output: -5_000 });
    await syncAfter(minuteMs);
    expect(await world.createItem('cus_a')).toMatchObject({ kind: 'created' });
    expect(items()).toMatchObject([{ cents: -5 }]);
    expect(items()[0]?.description).toContain(
      'Corrections of 2026-11-02 (1 call) after they were metered: $0.050000 less.',
    );
    world.correct(id, { output: 2_000 });
    await syncAfter(minuteMs);
    expect(proposed()).toMatchObject([{ nanoUsd: 20_000_000, correctedCalls: 1 }]);
  });

  it('whose answer never came is found by its reference and not made twice', async () => {
    await setOneAside();
    world.stripe.breakNext('lose_answer');
    expect(await world.createItem('cus_new')).toMatchObject({ kind: 'unknown' });
    expect(proposed()).toMatchObject([{ customer: 'cus_new', events: 0, asked: { cents: items()[0]?.cents } }]);
    expect(await world.createItem('cus_new')).toMatchObject({ kind: 'found' });
    expect(items()).toHaveLength(1);
    expect(states()).toEqual(['carried_forward']);
  });

  it('whose answer never came is looked up by itself: found, or proposed again', async () => {
    await setOneAside();
    world.stripe.breakNext('lose_answer');
    await world.createItem('cus_new');
    await syncAfter(2 * minuteMs);
    expect(states()).toEqual(['carried_forward']);

    world.stripe.state.customers.delete('cus_new');
    await setOneAside();
    world.stripe.breakNext('drop_connection');
    await world.createItem('cus_new');
    await syncAfter(2 * minuteMs);
    expect(proposed()[0]?.asked).not.toBeNull();
    await syncAfter(10 * minuteMs);
    expect(proposed()).toMatchObject([{ asked: null, events: 1 }]);
    expect(await world.createItem('cus_new')).toMatchObject({ kind: 'created' });
    expect(items()).toHaveLength(2);
  });

  it('that Stripe refuses, or that is below a cent, stays proposed as it was', async () => {
    await setOneAside();
    world.stripe.state.customers.delete('cus_new');
    const [before] = proposed();
    expect(await world.createItem('cus_new')).toMatchObject({
      kind: 'not_created',
      sentence: expect.stringContaining('No such customer') as string,
    });
    expect(proposed()).toEqual([before]);
    expect(states()).toEqual(['set_aside']);
  });

  it('below a cent waits for more', async () => {
    const id = world.call({ customer: 'cus_a' });
    await syncAfter(2 * minuteMs);
    await syncAfter(30 * hourMs);
    world.correct(id, { output: 50 });
    await syncAfter(minuteMs);
    expect(await world.createItem('cus_a')).toMatchObject({
      kind: 'not_created',
      sentence: expect.stringContaining('less than a cent') as string,
    });
    expect(proposed()).toMatchObject([{ nanoUsd: 500_000, cents: 0 }]);
  });
});

describe('a customer’s month on both sides', () => {
  it('agrees day by day, and its parts add up to the ledger’s month to the nano-dollar', async () => {
    const ids = [];
    for (let day = 0; day < 3; day++) {
      ids.push(world.call(), world.call({ customer: 'cus_b' }));
      await syncAfter(dayMs);
    }
    await syncAfter(7 * hourMs);
    expect(await world.readMonth('cus_a', '2026-11')).toBeNull();
    const month = world.month('cus_a', '2026-11');
    expect(month.days.map(({ day, calls, differenceValue, cause }) => [day, calls, differenceValue, cause])).toEqual([
      ['2026-11-02', 1, 0, null],
      ['2026-11-03', 1, 0, null],
      ['2026-11-04', 1, 0, null],
    ]);
    expect(month).toMatchObject({
      total: { calls: 3 },
      meters: [{ leftThousandths: 0, calls: 3, differenceValue: 0 }],
    });
    expect(month.meters[0]?.stripeValue).toBe(Number(world.sums('cus_a').stripe));
    expect(month.meters[0]?.dueThousandths).toBe(month.total.dueNanoUsd);
  });

  it('says where everything else is, and why Stripe’s figure differs', async () => {
    // Delivered and corrected too late; refused; set aside and on an item; waiting; open.
    const late = world.call({ customer: 'cus_a' });
    await syncAfter(2 * minuteMs);
    await syncAfter(30 * hourMs);
    world.correct(late, { output: 50 });
    world.call({ customer: 'cus_a' });
    world.stripe.breakNext({ kind: 'reject_later', code: 'archived_meter' });
    await syncAfter(2 * minuteMs);
    await syncAfter(minuteMs);
    offline(true);
    world.call({ customer: 'cus_a' });
    await syncAfter(20 * minuteMs);
    world.call({ customer: 'cus_a' });
    const stale = world.month('cus_a', '2026-11');
    expect(stale).toMatchObject({
      readAtMs: null,
      meters: [{ leftThousandths: 0, stripeValue: null, correctionsThousandths: 500_000 }],
    });
    expect(stale.meters[0]?.rejectedThousandths).toBeGreaterThan(0);
    expect(stale.meters[0]?.waitingThousandths).toBeGreaterThan(0);
    expect(stale.meters[0]?.openThousandths).toBeGreaterThan(0);
    expect(await world.readMonth('cus_a', '2026-11')).toBe('Stripe cannot be reached.');
    offline(false);
    const [held] = world.stripe.state.events;
    Object.assign(held ?? {}, { isCancelled: true });
    await world.readMonth('cus_a', '2026-11');
    const [first] = world.month('cus_a', '2026-11').days;
    expect(first).toMatchObject({
      stripeValue: 0,
      cause: expect.stringContaining('an event was cancelled in Stripe') as string,
    });
    expect(world.month('cus_a', '2026-11').reads.used).toBe(world.stripe.readCount());
  });
});
