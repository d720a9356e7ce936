/** The simulated Stripe's products, prices, customers and restricted keys, asked by the real SDK: it enforces what Stripe does. */
import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../../main/sandbox/stripe-server.ts';
import { createShiftedClock } from '../../kit/test-engine.ts';

let sandbox: SandboxStripe;
let client: Stripe;

const clientOf = (apiKey: string) =>
  new Stripe(apiKey, {
    host: '127.0.0.1',
    port: sandbox.port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
  });

beforeEach(async () => {
  sandbox = await startSandboxStripe({ clock: createShiftedClock(), rules: { requestsPerSecond: 1_000 } });
  client = clientOf('sk_test_catalog');
});
afterEach(() => sandbox.close());

async function refusal(request: Promise<unknown>): Promise<string> {
  const error: unknown = await request.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Stripe.errors.StripeError)) throw new Error('Stripe did not refuse');
  return `${error.statusCode} ${error.message}`;
}

const meterOf = (eventName: string) =>
  client.billing.meters.create({
    display_name: eventName,
    event_name: eventName,
    default_aggregation: { formula: 'sum' },
  });
const priceOf = (more: Partial<Stripe.PriceCreateParams> & { readonly meter?: string }) => {
  const { meter, ...rest } = more;
  return client.prices.create({
    product: 'prod_1',
    currency: 'usd',
    unit_amount_decimal: Stripe.Decimal.from('0.0001'),
    recurring: { interval: 'month', usage_type: 'metered', ...(meter === undefined ? {} : { meter }) },
    ...rest,
  });
};

describe('prices of the simulated Stripe', () => {
  beforeEach(() => client.products.create({ id: 'prod_1', name: 'One' }));

  it('hold cents to 12 decimals and no more', async () => {
    const price = await priceOf({ unit_amount_decimal: Stripe.Decimal.from('0.000000000001') });
    expect(price.unit_amount_decimal?.toString()).toBe('0.000000000001');
    const finer = 'unit_amount_decimal=0.0000000000001&product=prod_1&currency=usd';
    const answer = await fetch(`${sandbox.url}/v1/prices`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_1' },
      body: finer,
    });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('Invalid decimal') as string]);
  });

  it('have a lookup key once, unless it is handed over', async () => {
    const first = await priceOf({ lookup_key: 'key' });
    expect(await refusal(priceOf({ lookup_key: 'key' }))).toBe(
      `400 A price (\`${first.id}\`) already uses that lookup key.`,
    );
    const second = await priceOf({ lookup_key: 'key', transfer_lookup_key: true });
    expect((await client.prices.list({ lookup_keys: ['key'] })).data.map(({ id }) => id)).toEqual([second.id]);
    expect((await client.prices.retrieve(first.id)).lookup_key).toBe(null);
  });

  it('are of a product that is there and of a meter that is active', async () => {
    const meter = await meterOf('event');
    expect(await refusal(priceOf({ product: 'prod_none' }))).toBe("400 No such product: 'prod_none'");
    expect(await refusal(priceOf({ meter: 'mtr_none' }))).toBe("400 No such meter: 'mtr_none'");
    await client.billing.meters.deactivate(meter.id);
    expect(await refusal(priceOf({ meter: meter.id }))).toBe(`400 The meter ${meter.id} is not active.`);
    await client.billing.meters.reactivate(meter.id);
    expect((await priceOf({ meter: meter.id })).recurring?.meter).toBe(meter.id);
  });

  it('and products and meters are there once', async () => {
    expect(await refusal(client.products.create({ id: 'prod_1', name: 'Again' }))).toBe('400 Product already exists.');
    const meter = await meterOf('event');
    expect(await refusal(meterOf('event'))).toContain('There is already an active meter with event name event.');
    await client.billing.meters.deactivate(meter.id);
    await meterOf('event');
    expect(await refusal(client.billing.meters.reactivate(meter.id))).toContain('already an active meter');
    expect((await client.billing.meters.list({ status: 'inactive' })).data.map(({ id }) => id)).toEqual([meter.id]);
  });
});

describe('customers of the simulated Stripe', () => {
  it('are searched by three characters or more, and answered for after they were deleted', async () => {
    const { id } = await client.customers.create({ name: 'Alpine', email: 'a@alpine.example' });
    expect((await client.customers.search({ query: 'name~"lpi"' })).data.map((customer) => customer.id)).toEqual([id]);
    expect(await refusal(client.customers.search({ query: 'name~"al"' }))).toContain('at least 3 characters');
    await client.customers.del(id);
    expect(await client.customers.retrieve(id)).toMatchObject({ id, deleted: true });
    expect((await client.customers.list()).data).toEqual([]);
  });

  it('of the other mode are told to be there', async () => {
    sandbox.state.otherModeIds.add('cus_live');
    expect(await refusal(client.customers.retrieve('cus_live'))).toBe(
      "404 No such customer: 'cus_live'; a similar object exists in live mode, but a test mode key was used to make this request.",
    );
    expect(await refusal(client.customers.retrieve('cus_none'))).toBe("404 No such customer: 'cus_none'");
  });
});

describe('a restricted key of the simulated Stripe', () => {
  it('may what it is given, write includes read, and its refusal names the account and the permission', async () => {
    await sandbox.setRules({ restrictedTo: ['customer_write'], accountId: 'acct_7' });
    const restricted = clientOf('rk_test_0123456789');
    await restricted.customers.list();
    expect(await refusal(restricted.prices.list())).toBe(
      "403 The provided key 'rk_test_************6789' does not have the required permissions for this endpoint on account 'acct_7'. Having the 'rak_plan_read' permission would allow this request to continue.",
    );
    expect(await refusal(restricted.accounts.retrieveCurrent())).toContain("'rak_accounts_kyc_basic_read'");
    expect(await refusal(restricted.v2.core.events.list({}))).toContain("'rak_event_read'");
    await clientOf('sk_test_1').prices.list();
    await sandbox.setRules({ restrictedTo: ['connected_account_read'] });
    expect((await restricted.accounts.retrieveCurrent()).id).toBe('acct_7');
  });
});
