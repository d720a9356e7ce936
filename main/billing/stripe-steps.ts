/**
 * Carries out one step of a set-up: the only place that makes meters, products and prices. A connection that breaks is tried once more under the same
 * idempotency key, which is harmless; anything else is told, and the next run finds what was made.
 */
import { Stripe } from 'stripe';

import type { SetupStep } from '../../shared/contract/stripe-setup.ts';
import { hashText } from '../system/hash-text.ts';
import { lookupKeyOf, productId, productName, type WantedMeter } from './decide-setup.ts';
import { failureOf } from './stripe-failure.ts';
import type { StripeClient } from './stripe-side.ts';

export type StepContext = {
  readonly client: StripeClient;
  readonly wanted: readonly WantedMeter[];
  /** Stripe's ids of the meters that are there by now, by event name. */
  readonly meterIds: ReadonlyMap<string, string>;
  /** A run's own, so that Stripe's day-long memory of a failure does not outlive it. */
  readonly runId: string;
};

/** Returns Stripe's id. @throws an error of the SDK. */
export async function performStep(step: SetupStep, context: StepContext): Promise<string> {
  const { client } = context;
  switch (step.action) {
    case 'create_meter':
      return createMeter(step, context);
    case 'reactivate_meter':
      return (await client.billing.meters.reactivate(idOf(step))).id;
    case 'create_product': {
      const product = { id: productId, name: productName };
      return (await twice(() => client.products.create(product, onceKey(product, context)))).id;
    }
    case 'reactivate_product':
      return (await client.products.update(productId, { active: true })).id;
    case 'create_price':
    case 'replace_price':
      return createPrice(step, context);
    case 'reactivate_price':
      return (await client.prices.update(idOf(step), { active: true })).id;
    default:
      throw new Error(`a step of the kind ${step.action} changes nothing`);
  }
}

async function createMeter({ name }: SetupStep, context: StepContext): Promise<string> {
  const planned = context.wanted.find(({ meter }) => meter.eventName === name)?.meter;
  if (!planned) throw new Error(`no planned meter is called ${name}`);
  const meter = {
    event_name: planned.eventName,
    display_name: planned.displayName,
    default_aggregation: { formula: 'sum' as const },
    customer_mapping: { type: 'by_id' as const, event_payload_key: 'stripe_customer_id' },
    value_settings: { event_payload_key: 'value' },
  };
  return (await twice(() => context.client.billing.meters.create(meter, onceKey(meter, context)))).id;
}

async function createPrice({ name }: SetupStep, context: StepContext): Promise<string> {
  const wanted = context.wanted.find(({ meter }) => lookupKeyOf(meter) === name);
  const meterId = wanted && context.meterIds.get(wanted.meter.eventName);
  if (!meterId || wanted.price.kind !== 'price') throw new Error(`the price ${name} has no meter or no amount`);
  const { cents } = wanted.price;
  const price = {
    product: productId,
    currency: 'usd',
    unit_amount_decimal: Stripe.Decimal.from(cents),
    nickname: wanted.meter.displayName,
    lookup_key: name,
    // Of one that is replaced, or was archived.
    transfer_lookup_key: true,
    recurring: { interval: 'month' as const, usage_type: 'metered' as const, meter: meterId },
  };
  const key = onceKey({ ...price, unit_amount_decimal: cents }, context);
  return (await twice(() => context.client.prices.create(price, key))).id;
}

function idOf({ id, name }: SetupStep): string {
  if (id === null) throw new Error(`${name} is to be activated and has no id`);
  return id;
}

function onceKey(params: object, { runId }: StepContext) {
  return { idempotencyKey: `tollkeeper-setup-${hashText(JSON.stringify(params))}-${runId}` };
}

async function twice<T>(create: () => Promise<T>): Promise<T> {
  try {
    return await create();
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeConnectionError) || failureOf(error).kind !== 'no_answer') throw error;
    return create();
  }
}
