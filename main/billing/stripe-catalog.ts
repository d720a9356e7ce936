/**
 * Reads what an account has of what a plan needs: its meters, our product, the prices under our lookup keys. Each part that cannot be read is told as such,
 * so that the others can go on. Never writes; every page is asked for with leave of the read budget.
 */
import type { Stripe } from 'stripe';

import { productId, type AccountCatalog, type AccountMeter, type AccountPrice, type Known } from './decide-setup.ts';
import { failureOf, noReadsLeft } from './stripe-failure.ts';
import type { AllowRead, StripeClient } from './stripe-side.ts';

const pageSize = 100;
/** 10,000 meters: no account has as many; bounds what an endless list can use up. */
const pagesMax = 100;
const lookupKeysMax = 10;

export async function readCatalog(
  client: StripeClient,
  lookupKeys: readonly string[],
  allow: AllowRead,
): Promise<AccountCatalog> {
  return {
    meters: await known(() => readMeters(client, allow)),
    product: lookupKeys.length === 0 ? { kind: 'known', value: null } : await known(() => readProduct(client, allow)),
    prices: await known(() => readPrices(client, lookupKeys, allow)),
  };
}

class NoReadsLeft extends Error {}

async function leave(allow: AllowRead): Promise<void> {
  if (!(await allow())) throw new NoReadsLeft();
}

async function known<T>(read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { kind: 'known', value: await read() };
  } catch (error) {
    return { ...(error instanceof NoReadsLeft ? noReadsLeft : failureOf(error)), kind: 'unknown' };
  }
}

async function readMeters(client: StripeClient, allow: AllowRead): Promise<AccountMeter[]> {
  const meters: Stripe.Billing.Meter[] = [];
  for (let pages = 0; pages < pagesMax; pages++) {
    await leave(allow);
    const last = meters.at(-1)?.id;
    const page = await client.billing.meters.list({
      limit: pageSize,
      ...(last === undefined ? {} : { starting_after: last }),
    });
    meters.push(...page.data);
    if (!page.has_more || page.data.length === 0) break;
  }
  return meters.map((meter) => ({
    id: meter.id,
    eventName: meter.event_name,
    formula: meter.default_aggregation.formula,
    customerKey: meter.customer_mapping.event_payload_key,
    valueKey: meter.value_settings.event_payload_key,
    timeWindow: meter.event_time_window,
    isActive: meter.status === 'active',
  }));
}

async function readProduct(client: StripeClient, allow: AllowRead) {
  await leave(allow);
  try {
    const { id, active } = await client.products.retrieve(productId);
    return { id, isActive: active };
  } catch (error) {
    if (failureOf(error).kind === 'missing') return null;
    throw error;
  }
}

async function readPrices(
  client: StripeClient,
  lookupKeys: readonly string[],
  allow: AllowRead,
): Promise<AccountPrice[]> {
  const prices: AccountPrice[] = [];
  for (let from = 0; from < lookupKeys.length; from += lookupKeysMax) {
    await leave(allow);
    const keys = lookupKeys.slice(from, from + lookupKeysMax);
    const page = await client.prices.list({ lookup_keys: keys, limit: pageSize });
    prices.push(...page.data.map((price) => priceOf(price)));
  }
  return prices;
}

function priceOf(price: Stripe.Price): AccountPrice {
  return {
    id: price.id,
    lookupKey: price.lookup_key ?? '',
    isActive: price.active,
    currency: price.currency,
    cents: price.unit_amount_decimal?.toString() ?? null,
    meterId: price.recurring?.meter ?? null,
    interval: price.recurring?.interval ?? null,
  };
}
