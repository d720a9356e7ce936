/** A token plan after Stripe was told: corrections, invoice items and a month on both sides, in tokens of each class and in what these are worth. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { carryForwardText } from '../../../main/commands/carry-text.ts';
import { monthText } from '../../../main/commands/month-text.ts';
import { eventText } from '../../../main/commands/sync-text.ts';
import { prepareReadCall } from '../../../main/ledger/call-row.ts';
import { readCarriedCalls } from '../../../main/ledger/read-carried-calls.ts';
import { readMeterEvent } from '../../../main/ledger/read-meter-event.ts';
import { planSchema } from '../../../shared/contract/plan.ts';
import { openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const [input, output] = ['tollkeeper_tokens_input', 'tollkeeper_tokens_output'];
let world: OutboxWorld;
beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a', 'cus_b'], plan: planSchema.parse({ kind: 'tokens' }) });
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

/** 1,001 tokens in, 7 out, 3 from the cache: $0.002002, $0.00007 and $0.0000003. */
async function delivered(): Promise<string> {
  const id = world.call({ customer: 'cus_a' });
  await syncAfter(2 * minuteMs);
  expect(counted(input)).toBe(1_001n);
  return id;
}

const counted = (meter: string, customer = 'cus_a') => world.sums(customer, meter).stripe;
const month = () => world.month('cus_a', '2026-11');
const proposed = () => world.view().carryForwards;

type Price = { readonly times: number } | 'none';

/** The same tokens at another price, as pricing again does. */
function priceAgain(id: string, price: Price): void {
  const stored = prepareReadCall(world.db)(id);
  if (stored === null) throw new Error(`there is no call ${id}`);
  const { call, lines } = stored;
  const times = price === 'none' ? 0 : price.times;
  const anew =
    price === 'none'
      ? { ...call, costNanoUsd: null, priceBook: null, unpricedReason: 'The book does not know it.' }
      : { ...call, costNanoUsd: (call.costNanoUsd ?? 0) * times };
  const scaled = lines.map((line) => ({
    ...line,
    unitPricePicoUsd: line.unitPricePicoUsd * times,
    amountPicoUsd: line.amountPicoUsd * times,
  }));
  world.db.transaction(() => {
    world.ledger.recorder.correct(stored, anew, price === 'none' ? [] : scaled, 'A test says so.');
    world.ledger.recorder.writeRollups();
  })();
}

describe('tokens that are corrected after Stripe was told', () => {
  it('are cancelled and sent anew within a day on the meter that they change, and on no other', async () => {
    const id = await delivered();
    const before = new Set(world.events().map(({ identifier }) => identifier));
    world.correct(id, { output: 5 });
    const told = world.events().find(({ value }) => value === 7);
    const shown = readMeterEvent(world.db, told?.id ?? '');
    expect(shown?.adjustment).toMatchObject({ calls: 1, amountThousandths: 5_000, nanoUsd: 50_000 });
    if (shown) expect(eventText(shown).join('\n')).toContain('corrected since, 5 output tokens more ($0.000050).');
    await syncAfter(hourMs);
    expect([counted(input), counted(output)]).toEqual([1_001n, 12n]);
    const anew = world.events().filter(({ identifier }) => !before.has(identifier));
    expect(anew).toMatchObject([{ value: 12 }]);
    const worth = world.db.prepare<[string], number>('SELECT worth_nano_usd FROM meter_events WHERE meter = ?').pluck();
    expect(worth.get(output)).toBe(120_000);
  });

  it('are told anew on every meter where they turn out to be another customer’s', async () => {
    const id = await delivered();
    world.correct(id, { customer: 'cus_b' });
    await syncAfter(hourMs);
    await syncAfter(minuteMs);
    expect([counted(input), counted(output)]).toEqual([0n, 0n]);
    expect([counted(input, 'cus_b'), counted(output, 'cus_b')]).toEqual([1_001n, 7n]);
    expect(world.view().differences.calls).toBe(0);
  });

  it('are left as they are where only their price changed: what they are worth follows', async () => {
    const id = await delivered();
    priceAgain(id, { times: 2 });
    expect(world.view().differences.calls).toBe(0);
    expect(month().total.dueNanoUsd).toBe(2 * 2_072_300);
    await syncAfter(30 * hourMs);
    expect(proposed()).toEqual([]);
  });

  it('later are an item of what they cost, which names them by class', async () => {
    const id = await delivered();
    await syncAfter(30 * hourMs);
    world.correct(id, { output: 5_000, cacheRead: 10 });
    await syncAfter(minuteMs);
    const [item] = proposed();
    expect(item).toMatchObject({ correctedCalls: 1, nanoUsd: 5_000 * 10_000 + 10 * 100, cents: 5 });
    expect(item?.sentence).toBe(
      'Corrections of 2026-11-02 (1 call) after they were metered: $0.050001 more, 10 cache reads more, 5,000 output tokens more.',
    );
    const calls = readCarriedCalls(world.db, { customer: 'cus_a', nowMs: world.clock.nowMs() });
    if (item) expect(carryForwardText(item, calls).join('\n')).toMatch(/corrected +5,000 tokens +\$0\.050000000/);

    expect(await world.createItem('cus_a')).toMatchObject({ kind: 'created' });
    expect(world.stripe.state.invoiceItems).toMatchObject([{ cents: 5, description: item?.sentence }]);
    const outputs = month().meters.find(({ meter }) => meter === output);
    expect(outputs).toMatchObject({
      settledThousandths: 5_000_000,
      dueThousandths: 5_007_000,
      dueNanoUsd: 50_070_000,
      leftThousandths: 0,
    });

    // Told against what the item settled, on each meter.
    world.correct(id, { output: -1_000 });
    await syncAfter(minuteMs);
    expect(proposed()).toMatchObject([{ correctedCalls: 1, differenceNanoUsd: -10_000_000 }]);
  });
});

describe('tokens on an invoice item', () => {
  /** Set aside since they are older than Stripe takes. */
  async function setAside(): Promise<string> {
    world.stripe.changeRules({ isOffline: true });
    const id = world.call({ customer: 'cus_a' });
    for (let more = 0; more < 9; more++) world.call({ customer: 'cus_a' });
    await syncAfter(2 * minuteMs);
    world.stripe.changeRules({ isOffline: false });
    await syncAfter(40 * dayMs);
    expect(proposed()).toMatchObject([{ customer: 'cus_a', calls: 10, cents: 2 }]);
    return id;
  }

  it('stand as money: another price of them is a difference, once', async () => {
    const id = await setAside();
    await world.createItem('cus_a');
    const rest = proposed();
    priceAgain(id, { times: 3 });
    await syncAfter(minuteMs);
    expect(rest).toEqual([]);
    expect(proposed()).toMatchObject([{ correctedCalls: 1, differenceNanoUsd: 2 * 2_072_300 }]);
    priceAgain(id, { times: 1 });
    expect(proposed()).toMatchObject([{ differenceNanoUsd: 2 * 2_072_300 }]);
    world.correct(id, {});
    expect(world.view().differences.calls).toBe(0);
  });

  it('are not billed by one while a call of them has no price, and a person is told why', async () => {
    const id = await setAside();
    priceAgain(id, 'none');
    const [item] = proposed();
    expect(item).toMatchObject({ unpricedEvents: 3, unpricedCorrections: 0 });
    expect(item?.sentence).toContain('at least worth $');
    expect(await world.createItem('cus_a')).toMatchObject({
      kind: 'not_created',
      sentence: expect.stringContaining('Calls of it have no price') as string,
    });
    expect(world.stripe.state.invoiceItems).toEqual([]);
    world.correct(id, {});
    expect(await world.createItem('cus_a')).toMatchObject({ kind: 'created' });
  });
});

describe('a month of a token plan on both sides', () => {
  it('adds up in the unit of each meter, beside what it is worth, and tells tokens as tokens', async () => {
    await delivered();
    await syncAfter(30 * hourMs);
    world.stripe.changeRules({ isOffline: true });
    world.call({ customer: 'cus_a' });
    await syncAfter(20 * minuteMs);
    world.call({ customer: 'cus_a' });
    world.stripe.changeRules({ isOffline: false });
    expect(await world.readMonth('cus_a', '2026-11')).toBeNull();

    const read = month();
    expect(read.total.calls).toBe(3);
    expect(
      read.meters.map(({ meter, unit, dueThousandths, stripeValue, differenceValue, leftThousandths }) => [
        meter,
        unit,
        dueThousandths,
        stripeValue,
        differenceValue,
        leftThousandths,
      ]),
    ).toEqual([
      ['tollkeeper_tokens_cache_read', 'token', 9_000, 3, 0, 0],
      [input, 'token', 3_006_000, 1_001, 0, 0],
      [output, 'token', 21_000, 7, 0, 0],
    ]);
    expect(read.meters.reduce((sum, { dueNanoUsd }) => sum + dueNanoUsd, 0)).toBe(read.total.dueNanoUsd);
    const text = monthText({ ...read, readsTaken: 4, trouble: null }).join('\n');
    expect(text).toMatch(
      /^2026-11-02 +tollkeeper_tokens_input +1 +1,001 tokens +\$0\.002002 +1,001 tokens +1,001 tokens +0 tokens/m,
    );
    expect(text).toContain(
      'Input tokens (tollkeeper_tokens_input): 1,001 tokens delivered, 1,002 tokens waits, 1,003 tokens in minutes that are not sealed yet.',
    );
    expect(text).toContain('These add up to the ledger’s 3,006 tokens to the token. What they are worth: $0.006012.');
    expect(text).not.toContain('nano-dollar');
  });
});
