/**
 * Products and prices of the simulated Stripe: made, found by id or lookup key, switched off and on. A price cannot be changed; its lookup key can go on
 * to another one (facts/stripe.md section 4).
 */
import { ok, v1Error, v1Missing, type StripeReply } from './stripe-answers.ts';
import { listOf, textOf } from './stripe-form.ts';
import type { SandboxPrice, SandboxProduct, StripeState } from './stripe-state.ts';
import { page } from './stripe-summaries.ts';
import type { V1Request } from './stripe-v1.ts';

/** Null where the request is about something else. */
export function answerCatalog(state: StripeState, request: V1Request): StripeReply | null {
  const { method, path } = request;
  const [, kind, id] = /^\/v1\/(products|prices)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (kind === undefined) return null;
  if (kind === 'products') return id === undefined ? products(state, request) : oneProduct(state, id, request);
  if (id !== undefined) return onePrice(state, id, request);
  return method === 'POST' ? createPrice(state, request) : listPrices(state, request);
}

function products(state: StripeState, { method, form, path, isLive, newId }: V1Request): StripeReply {
  if (method === 'GET') {
    const rows = [...state.products.values()].map((product) => productObject(product, isLive));
    return page(rows.toReversed(), form, path);
  }
  const name = textOf(form, 'name');
  if (name === null) return v1Error(400, { message: 'Missing required param: name.', param: 'name' });
  const id = textOf(form, 'id') ?? newId('prod');
  if (state.products.has(id))
    return v1Error(400, { message: 'Product already exists.', code: 'resource_already_exists', param: 'id' });
  const product = { id, name, isActive: true };
  state.products.set(id, product);
  return ok(productObject(product, isLive));
}

function oneProduct(state: StripeState, id: string, { method, form, isLive }: V1Request): StripeReply {
  const product = state.products.get(id);
  if (!product) return v1Missing('product', id, { isInOtherMode: state.otherModeIds.has(id), isLive });
  const active = textOf(form, 'active');
  if (method === 'POST' && active !== null) product.isActive = active === 'true';
  return ok(productObject(product, isLive));
}

function listPrices(state: StripeState, { form, path, isLive }: V1Request): StripeReply {
  const keys = listOf(form, 'lookup_keys');
  if (keys.length > 10)
    return v1Error(400, { message: 'Array lookup_keys exceeded maximum 10 allowed elements.', param: 'lookup_keys' });
  const active = textOf(form, 'active');
  const rows = [...state.prices.values()]
    .filter(({ lookupKey }) => keys.length === 0 || (lookupKey !== null && keys.includes(lookupKey)))
    .filter(({ isActive }) => active === null || String(isActive) === active)
    .map((price) => priceObject(price, isLive));
  return page(rows.toReversed(), form, path);
}

function onePrice(state: StripeState, id: string, { method, form, isLive }: V1Request): StripeReply {
  const price = state.prices.get(id);
  if (!price) return v1Missing('price', id, { isInOtherMode: state.otherModeIds.has(id), isLive });
  const active = textOf(form, 'active');
  if (method === 'POST' && active !== null) price.isActive = active === 'true';
  return ok(priceObject(price, isLive));
}

/** At most 12 decimal places (facts/stripe.md section 4). */
const decimalCents = /^\d+(?:\.\d{1,12})?$/;

function createPrice(state: StripeState, { form, isLive, newId }: V1Request): StripeReply {
  const product = textOf(form, 'product') ?? '';
  const currency = textOf(form, 'currency');
  const unitAmountDecimal = textOf(form, 'unit_amount_decimal') ?? textOf(form, 'unit_amount');
  const meter = textOf(form, 'recurring', 'meter');
  const lookupKey = textOf(form, 'lookup_key');
  const refusal = refusePrice(state, { product, currency, unitAmountDecimal, meter });
  if (refusal !== null) return refusal;
  const holder = [...state.prices.values()].find((price) => price.isActive && price.lookupKey === lookupKey);
  if (lookupKey !== null && holder) {
    if (textOf(form, 'transfer_lookup_key') !== 'true')
      return v1Error(400, { message: `A price (\`${holder.id}\`) already uses that lookup key.`, param: 'lookup_key' });
    holder.lookupKey = null;
  }
  const price: SandboxPrice = {
    id: newId('price'),
    product,
    currency: currency ?? '',
    unitAmountDecimal: unitAmountDecimal ?? '',
    meter,
    interval: textOf(form, 'recurring', 'interval'),
    usageType: textOf(form, 'recurring', 'usage_type') ?? 'licensed',
    nickname: textOf(form, 'nickname'),
    lookupKey,
    isActive: true,
  };
  state.prices.set(price.id, price);
  return ok(priceObject(price, isLive));
}

type AskedPrice = Pick<SandboxPrice, 'product' | 'meter'> & {
  readonly currency: string | null;
  readonly unitAmountDecimal: string | null;
};

function refusePrice(
  state: StripeState,
  { product, currency, unitAmountDecimal, meter }: AskedPrice,
): StripeReply | null {
  if (currency === null) return v1Error(400, { message: 'Missing required param: currency.', param: 'currency' });
  if (!state.products.has(product))
    return v1Error(400, { message: `No such product: '${product}'`, code: 'resource_missing', param: 'product' });
  if (unitAmountDecimal === null || !decimalCents.test(unitAmountDecimal))
    return v1Error(400, { message: `Invalid decimal: ${unitAmountDecimal}`, param: 'unit_amount_decimal' });
  if (meter === null) return null;
  const known = state.meters.get(meter);
  if (!known)
    return v1Error(400, { message: `No such meter: '${meter}'`, code: 'resource_missing', param: 'recurring[meter]' });
  if (!known.isActive) return v1Error(400, { message: `The meter ${meter} is not active.`, param: 'recurring[meter]' });
  return null;
}

function productObject({ id, name, isActive }: SandboxProduct, isLive: boolean) {
  return { id, object: 'product', active: isActive, name, livemode: isLive };
}

function priceObject(price: SandboxPrice, isLive: boolean) {
  const { id, isActive, currency, interval, meter, usageType, lookupKey, nickname, product, unitAmountDecimal } = price;
  return {
    id,
    object: 'price',
    active: isActive,
    billing_scheme: 'per_unit',
    currency,
    livemode: isLive,
    lookup_key: lookupKey,
    nickname,
    product,
    recurring: interval === null ? null : { interval, interval_count: 1, meter, usage_type: usageType },
    type: interval === null ? 'one_time' : 'recurring',
    unit_amount: /^\d+$/.test(unitAmountDecimal) ? Number(unitAmountDecimal) : null,
    unit_amount_decimal: unitAmountDecimal,
  };
}
