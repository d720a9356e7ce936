/** The simulated Stripe's rules of adjustments, invoices and items (facts/stripe.md sections 3 and 4), asked by the real SDK. */
import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../../main/sandbox/stripe-server.ts';
import { createShiftedClock, type ShiftedClock } from '../../kit/test-engine.ts';

const meter = 'tollkeeper_cost_micro_usd';
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const startMs = Date.parse('2026-11-02T00:00:00Z');
let clock: ShiftedClock;
let sandbox: SandboxStripe;
let stripe: Stripe;

beforeEach(async () => {
  clock = createShiftedClock();
  clock.putAhead(startMs - clock.nowMs());
  sandbox = await startSandboxStripe({ clock, rules: { requestsPerSecond: 1_000 } });
  sandbox.seed({ eventName: meter, customers: ['cus_a'] });
  const options = {
    host: '127.0.0.1',
    port: sandbox.port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
  } as const;
  stripe = new Stripe('sk_test_sandbox', options);
});
afterEach(() => sandbox.close());

const send = (identifier: string, value: number, atMs = clock.nowMs()) =>
  stripe.billing.meterEvents.create({
    event_name: meter,
    identifier,
    timestamp: Math.floor(atMs / 1_000),
    payload: { stripe_customer_id: 'cus_a', value: String(value) },
  });
const cancel = (identifier: string, idempotencyKey?: string) =>
  stripe.billing.meterEventAdjustments.create(
    { event_name: meter, type: 'cancel', cancel: { identifier } },
    idempotencyKey === undefined ? {} : { idempotencyKey },
  );
const sum = () => sandbox.meterSum('cus_a', meter);

describe('an adjustment', () => {
  it('takes an event back within 24 hours of its receipt, once, and gives the same answer under the same key', async () => {
    await send('one', 5);
    expect(await cancel('one', 'key')).toMatchObject({ status: 'complete', cancel: { identifier: 'one' } });
    expect(await cancel('one', 'key')).toMatchObject({ status: 'complete' });
    await expect(cancel('one')).rejects.toThrow('already been cancelled');
    expect(sum()).toBe(0n);
  });

  it('is refused for an event that is not known, was never counted, or was received more than 24 hours ago', async () => {
    await expect(cancel('nobody')).rejects.toMatchObject({ statusCode: 400 });
    sandbox.breakNext({ kind: 'reject_later', code: 'archived_meter' });
    await send('rejected', 5);
    await expect(cancel('rejected')).rejects.toThrow('No meter event found');
    await send('old', 5);
    clock.putAhead(dayMs + 60_000);
    await expect(cancel('old')).rejects.toThrow('more than 24 hours ago');
    expect(sum()).toBe(5n);
  });

  it('is pending where it lags, and the summary follows later', async () => {
    await sandbox.setRules({ adjustmentLagMs: hourMs });
    await send('one', 5);
    expect(await cancel('one')).toMatchObject({ status: 'pending' });
    const { data } = await stripe.billing.meters.list();
    const range = { customer: 'cus_a', start_time: startMs / 1_000, end_time: startMs / 1_000 + 3_600 };
    const read = async () =>
      (await stripe.billing.meters.listEventSummaries(data[0]?.id ?? '', range)).data[0]?.aggregated_value;
    expect(await read()).toBe(5);
    clock.putAhead(2 * hourMs);
    expect(await read()).toBe(0);
  });
});

describe('an invoice', () => {
  const last = async () => {
    const { data } = await stripe.subscriptions.list({
      customer: 'cus_a',
      status: 'all',
      expand: ['data.latest_invoice'],
    });
    return data[0]?.latest_invoice as Stripe.Invoice | null;
  };

  it('is a draft for its grace and takes usage of its period; what comes later is on it nor on the next', async () => {
    sandbox.subscribe({ customer: 'cus_a', eventName: meter, startMs, interval: 'week' });
    await send('in_time', 5);
    expect(await last()).toBeNull();
    clock.putAhead(7 * dayMs + 60_000);
    expect(await last()).toMatchObject({
      status: 'draft',
      automatically_finalizes_at: (startMs + 7 * dayMs + hourMs) / 1_000,
    });
    await send('in_grace', 7, startMs + dayMs);
    clock.putAhead(hourMs);
    expect(await last()).toMatchObject({ status: 'open', automatically_finalizes_at: null });
    await send('late', 11, startMs + dayMs);
    clock.putAhead(8 * dayMs);
    expect(sandbox.invoices().map(({ quantity }) => quantity)).toEqual([12n, 0n]);
    expect(sum()).toBe(23n);
  });

  it('that is final stays as it is whatever is cancelled', async () => {
    sandbox.subscribe({ customer: 'cus_a', eventName: meter, startMs, interval: 'day' });
    clock.putAhead(23 * hourMs);
    await send('one', 5);
    clock.putAhead(3 * hourMs);
    expect(await last()).toMatchObject({ status: 'open' });
    await cancel('one');
    expect(sum()).toBe(0n);
    expect(sandbox.invoices()[0]?.quantity).toBe(5n);
  });

  it('takes the items that wait for it, found by their metadata; an item of no customer, or of half a cent, is refused', async () => {
    sandbox.subscribe({ customer: 'cus_a', eventName: meter, startMs, interval: 'day' });
    const item = {
      customer: 'cus_a',
      amount: -38,
      currency: 'usd',
      description: 'Usage',
      metadata: { reference: 'r1' },
    };
    const made = await stripe.invoiceItems.create(item, { idempotencyKey: 'r1' });
    expect((await stripe.invoiceItems.create(item, { idempotencyKey: 'r1' })).id).toBe(made.id);
    const { data } = await stripe.invoiceItems.list({ customer: 'cus_a' });
    expect(data).toMatchObject([{ id: made.id, amount: -38, metadata: { reference: 'r1' }, invoice: null }]);
    clock.putAhead(dayMs + 60_000);
    expect(sandbox.invoices()).toHaveLength(1);
    expect(sandbox.invoiceItems()[0]?.invoice).toBe(sandbox.invoices()[0]?.id);
    await expect(stripe.invoiceItems.create({ ...item, customer: 'cus_x' })).rejects.toThrow('No such customer');
    await expect(stripe.invoiceItems.create({ ...item, amount: 0.5 })).rejects.toThrow('Invalid integer');
  });

  it('of a cancelled subscription is made where that is asked for; else its usage is never billed', async () => {
    const id = sandbox.subscribe({ customer: 'cus_a', eventName: meter, startMs, interval: 'week' });
    await send('one', 5);
    clock.putAhead(hourMs);
    await stripe.subscriptions.cancel(id, { invoice_now: true });
    clock.putAhead(2 * hourMs);
    expect(sandbox.invoices().map(({ quantity }) => quantity)).toEqual([5n]);
    const second = sandbox.subscribe({ customer: 'cus_a', eventName: meter, startMs, interval: 'week' });
    await stripe.subscriptions.cancel(second);
    clock.putAhead(8 * dayMs);
    expect(sandbox.invoices()).toHaveLength(1);
  });
});
