/** The simulated Stripe enforces the rules of its page, spoken to by the real SDK. */
import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../../main/sandbox/stripe-server.ts';
import { createShiftedClock, type ShiftedClock } from '../../kit/test-engine.ts';

let clock: ShiftedClock;
let sandbox: SandboxStripe;
let stripe: Stripe;

beforeEach(async () => {
  clock = createShiftedClock();
  sandbox = await startSandboxStripe({ clock, rules: { requestsPerSecond: 1_000 } });
  sandbox.seed({ eventName: 'cost', customers: ['cus_a'] });
  stripe = new Stripe('sk_test_x', {
    host: '127.0.0.1',
    port: sandbox.port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
  });
});
afterEach(() => sandbox.close());

const nowSeconds = () => Math.floor(clock.nowMs() / 1_000);
const send = (
  identifier: string,
  value = '5',
  more: { timestamp?: number; customer?: string; eventName?: string; key?: string } = {},
) =>
  stripe.billing.meterEvents.create(
    {
      event_name: more.eventName ?? 'cost',
      identifier,
      payload: { stripe_customer_id: more.customer ?? 'cus_a', value },
      ...(more.timestamp === undefined ? {} : { timestamp: more.timestamp }),
    },
    more.key === undefined ? {} : { idempotencyKey: more.key },
  );

describe('a meter event', () => {
  it('counts once per identifier, for a day', async () => {
    await send('one');
    await expect(send('one')).rejects.toMatchObject({
      statusCode: 400,
      message: 'An event already exists with identifier one.',
      code: undefined,
    });
    clock.putAhead(25 * 3_600_000);
    await send('one');
    expect(sandbox.meterSum('cus_a', 'cost')).toBe(10n);
  });

  it('is answered again, not counted again, under the same idempotency key', async () => {
    const timestamp = nowSeconds();
    await send('one', '5', { key: 'k', timestamp });
    await send('one', '5', { key: 'k', timestamp });
    await expect(send('two', '5', { key: 'k' })).rejects.toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
    expect(sandbox.meterSum('cus_a', 'cost')).toBe(5n);
  });

  it('stands within 35 days past and 5 minutes ahead', async () => {
    await send('past', '1', { timestamp: nowSeconds() - 34 * 86_400 });
    await send('ahead', '1', { timestamp: nowSeconds() + 240 });
    await expect(send('older', '1', { timestamp: nowSeconds() - 36 * 86_400 })).rejects.toThrow(
      /cannot be more than 35 days in past/,
    );
    await expect(send('later', '1', { timestamp: nowSeconds() + 400 })).rejects.toThrow(/5 minutes in the future/);
  });

  it('needs a meter, a short identifier and at most 15 digits', async () => {
    await expect(send('x', '1', { eventName: 'none' })).rejects.toThrow('No active meter found with this event name');
    await expect(send('x'.repeat(101))).rejects.toMatchObject({ statusCode: 400 });
    await expect(send('x', '1234567890123456')).rejects.toMatchObject({ statusCode: 400 });
  });

  it('of an unknown customer is taken and reported later', async () => {
    await send('lost', '1', { customer: 'cus_none', key: 'lost' });
    expect(sandbox.meterSum('cus_none', 'cost')).toBe(0n);
    const events = await stripe.v2.core.events.list({ types: ['v1.billing.meter.error_report_triggered'] });
    expect(JSON.stringify(events.data[0])).toContain('meter_event_customer_not_found');
    expect(JSON.stringify(events.data[0])).toContain('"identifier":"lost"');
  });

  it('is one at a time for a customer and a meter, and not too many a second', async () => {
    await sandbox.setRules({ handlingMs: 50 });
    const both = await Promise.allSettled([send('a'), send('b')]);
    expect(both.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    await sandbox.setRules({ requestsPerSecond: 1 });
    const many = await Promise.allSettled([1, 2, 3, 4].map((index) => stripe.customers.list({ limit: index })));
    expect(
      many.some(
        (result) => result.status === 'rejected' && (result.reason as { statusCode?: number }).statusCode === 429,
      ),
    ).toBe(true);
  });

  it('can be taken back within a day', async () => {
    await send('one');
    await stripe.billing.meterEventAdjustments.create({
      event_name: 'cost',
      type: 'cancel',
      cancel: { identifier: 'one' },
    });
    expect(sandbox.meterSum('cus_a', 'cost')).toBe(0n);
  });
});

describe('what it is told to do wrong', () => {
  it('breaks the connection after any byte of the answer, with the event taken', async () => {
    const ask = async (identifier: string) => {
      const body = new URLSearchParams({ event_name: 'cost', identifier, 'payload[value]': '1' });
      body.set('payload[stripe_customer_id]', 'cus_a');
      const headers = { authorization: 'Bearer sk_test_x' };
      const answer = await fetch(`${sandbox.url}/v1/billing/meter_events`, { method: 'POST', headers, body });
      return answer.text();
    };
    for (const bytes of [0, 1, 17, 100, 140, 200, 260]) {
      sandbox.breakNext({ kind: 'cut_answer', bytes });
      await expect(ask(`cut-${bytes}`)).rejects.toBeInstanceOf(TypeError);
      expect(await ask(`cut-${bytes}`)).toContain('already exists');
    }
    expect(sandbox.meterSum('cus_a', 'cost')).toBe(7n);
  });

  it('gives the same 500 again under the same idempotency key, and takes the event under another', async () => {
    sandbox.breakNext('error_500');
    const timestamp = nowSeconds();
    await expect(send('one', '1', { key: 'k', timestamp })).rejects.toMatchObject({ statusCode: 500 });
    await expect(send('one', '1', { key: 'k', timestamp })).rejects.toMatchObject({ statusCode: 500 });
    await send('one', '1', { key: 'k~2', timestamp });
    expect(sandbox.meterSum('cus_a', 'cost')).toBe(1n);
  });

  it('rejects later, reports it later still, and does not take the identifier again', async () => {
    await sandbox.setRules({ reportDelayMs: 600_000 });
    sandbox.breakNext({ kind: 'reject_later', code: 'archived_meter' });
    await send('one', '1', { key: 'one' });
    await expect(send('one', '1')).rejects.toThrow(/already exists/);
    expect(sandbox.meterSum('cus_a', 'cost')).toBe(0n);
    expect((await stripe.v2.core.events.list({})).data).toEqual([]);
    clock.putAhead(600_000);
    expect(JSON.stringify((await stripe.v2.core.events.list({})).data)).toContain('archived_meter');
    clock.putAhead(31 * 86_400_000);
    expect((await stripe.v2.core.events.list({})).data).toEqual([]);
  });

  it('lets its summaries lag', async () => {
    await sandbox.setRules({ summaryLagMs: 300_000 });
    const minute = Math.floor(nowSeconds() / 60) * 60;
    await send('one', '5', { timestamp: minute });
    const [meter] = (await stripe.billing.meters.list()).data;
    const question = { customer: 'cus_a', start_time: minute, end_time: minute + 60 };
    const value = async () =>
      (await stripe.billing.meters.listEventSummaries(meter?.id ?? '', question)).data[0]?.aggregated_value;
    expect(await value()).toBe(0);
    clock.putAhead(301_000);
    expect(await value()).toBe(5);
  });
});

describe('a summary', () => {
  it('sums by minute-aligned range, and in buckets of an hour', async () => {
    const hour = Math.floor(nowSeconds() / 3_600) * 3_600 - 7_200;
    await send('a', '5', { timestamp: hour + 60 });
    await send('b', '7', { timestamp: hour + 3_700 });
    const [meter] = (await stripe.billing.meters.list()).data;
    const summary = (start: number, end: number, more = {}) =>
      stripe.billing.meters.listEventSummaries(meter?.id ?? '', {
        customer: 'cus_a',
        start_time: start,
        end_time: end,
        ...more,
      });
    expect((await summary(hour, hour + 7_200)).data.map((row) => row.aggregated_value)).toEqual([12]);
    expect((await summary(hour + 60, hour + 120)).data[0]?.aggregated_value).toBe(5);
    expect(
      (await summary(hour, hour + 7_200, { value_grouping_window: 'hour' })).data.map((row) => row.aggregated_value),
    ).toEqual([5, 7]);
    await expect(summary(hour + 1, hour + 120)).rejects.toThrow(/aligned/);
  });
});

describe('the stream', () => {
  it('takes a hundred at once with a session that lives a quarter of an hour', async () => {
    const session = await stripe.v2.billing.meterEventSession.create();
    const events = Array.from({ length: 100 }, (_, index) => ({
      event_name: 'cost',
      identifier: `s${index}`,
      payload: { stripe_customer_id: 'cus_a', value: '1' },
    }));
    const apiKey = session.authentication_token;
    await stripe.v2.billing.meterEventStream.create({ events }, { apiKey });
    expect(sandbox.meterSum('cus_a', 'cost')).toBe(100n);
    clock.putAhead(16 * 60_000);
    await expect(stripe.v2.billing.meterEventStream.create({ events }, { apiKey })).rejects.toMatchObject({
      statusCode: 401,
    });
  });
});
