/**
 * What is to be done so that an account can bill a plan: (the plan's meters and prices, what the account has) → steps. Pure.
 *
 * A meter is found by its event name, the product by its id, a price by its lookup key; each is made only where there is none, so a run that was cut is
 * finished by the next and a second one has nothing to do. What stands in the place of ours and counts or charges otherwise is a conflict: it is told with
 * what differs and what to do, and never changed. A price cannot be changed in Stripe: another amount is a new price that takes the lookup key over.
 * Source: facts/stripe.md sections 3 and 4.
 */
import type { SetupAction, SetupStep } from '../../shared/contract/stripe-setup.ts';
import type { PlannedMeter } from '../../shared/plan-meters.ts';
import { isSameCents, type UnitPrice } from './unit-price.ts';

export type AccountMeter = {
  readonly id: string;
  readonly eventName: string;
  readonly formula: string;
  readonly customerKey: string;
  readonly valueKey: string;
  readonly timeWindow: string | null;
  readonly isActive: boolean;
};
export type AccountProduct = { readonly id: string; readonly isActive: boolean };
export type AccountPrice = {
  readonly id: string;
  readonly lookupKey: string;
  readonly isActive: boolean;
  readonly currency: string;
  /** Cents; null where it has tiers. */
  readonly cents: string | null;
  readonly meterId: string | null;
  readonly interval: string | null;
};

/** What could be read of the account, or why not. */
export type Known<T> =
  | { readonly kind: 'known'; readonly value: T }
  | { readonly kind: 'unknown'; readonly sentence: string; readonly remedy: string };

export type AccountCatalog = {
  readonly meters: Known<readonly AccountMeter[]>;
  readonly product: Known<AccountProduct | null>;
  readonly prices: Known<readonly AccountPrice[]>;
};

export type WantedMeter = { readonly meter: PlannedMeter; readonly price: UnitPrice };

export const productId = 'tollkeeper_claude_usage';
export const productName = 'Claude usage';

/** Our own, so that a price can be found again and no other one is taken for it. */
export function lookupKeyOf({ eventName }: Pick<PlannedMeter, 'eventName'>): string {
  return `${eventName}_monthly`;
}

/** Meters first, then the product, then the prices that need both. */
export function decideSetup(wanted: readonly WantedMeter[], account: AccountCatalog): SetupStep[] {
  const meters = wanted.map(({ meter }) => decideMeter(meter, account.meters));
  const prices = wanted.map((one, index) => decidePrice(one, meters[index], account.prices));
  const needsProduct = wanted.some(({ price }) => price.kind === 'price');
  return [...meters, ...(needsProduct ? [decideProduct(account.product)] : []), ...prices];
}

function decideMeter(planned: PlannedMeter, known: AccountCatalog['meters']): SetupStep {
  const step = stepOf('meter', planned.eventName);
  if (known.kind === 'unknown') return step('unknown', known.sentence, known.remedy);
  const named = known.value.filter(({ eventName }) => eventName === planned.eventName);
  const active = named.find(({ isActive }) => isActive);
  if (active) {
    const difference = differenceOf(active);
    if (difference === null) return step('none', 'The meter is there.', null, active.id);
    return step(
      'conflict',
      `An active meter has this event name and ${difference}. What is sent to it would be counted wrongly.`,
      'Archive that meter in Stripe and run this again, or name another one in the plan (settings.json).',
      active.id,
    );
  }
  const archived = named.find((meter) => differenceOf(meter) === null);
  if (archived)
    return step('reactivate_meter', 'The meter is there and archived: it is activated again.', null, archived.id);
  return step('create_meter', `The meter “${planned.displayName}” is made: it adds up the values of each customer.`);
}

/** What our events could not be counted with; null where they can. */
function differenceOf({ formula, customerKey, valueKey, timeWindow }: AccountMeter): string | null {
  if (formula !== 'sum') return `aggregates by ${formula} instead of sum`;
  if (customerKey !== 'stripe_customer_id')
    return `finds the customer under ${customerKey} instead of stripe_customer_id`;
  if (valueKey !== 'value') return `finds the value under ${valueKey} instead of value`;
  if (timeWindow !== null) return `takes only the newest event of each ${timeWindow}`;
  return null;
}

function decideProduct(known: AccountCatalog['product']): SetupStep {
  const step = stepOf('product', productId);
  if (known.kind === 'unknown') return step('unknown', known.sentence, known.remedy);
  if (known.value === null) return step('create_product', `The product “${productName}” is made; invoices name it.`);
  if (!known.value.isActive)
    return step(
      'reactivate_product',
      'The product is there and archived: it is activated again.',
      null,
      known.value.id,
    );
  return step('none', 'The product is there.', null, known.value.id);
}

function decidePrice(
  { meter, price }: WantedMeter,
  ofMeter: SetupStep | undefined,
  known: AccountCatalog['prices'],
): SetupStep {
  const lookupKey = lookupKeyOf(meter);
  const step = stepOf('price', lookupKey);
  if (price.kind === 'by_hand') return step('by_hand', price.sentence, price.remedy);
  if (known.kind === 'unknown') return step('unknown', known.sentence, known.remedy);
  const amount = `${price.cents} cents ${unitInWords(meter)}, each month`;
  const found = known.value.find((candidate) => candidate.lookupKey === lookupKey);
  if (!found) return step('create_price', `The price is made: ${amount}.`);
  if (ofMeter?.action === 'unknown')
    return step('unknown', 'The price is there; whether it bills the meter cannot be told.', ofMeter.remedy, found.id);
  const conflict = otherUseOf(found, ofMeter?.id ?? null);
  if (conflict !== null)
    return step(
      'conflict',
      `A price has this lookup key and ${conflict}.`,
      `Take the lookup key from ${found.id} in Stripe, and run this again.`,
      found.id,
    );
  if (found.cents === null || !isSameCents(found.cents, price.cents))
    return step(
      'replace_price',
      `The price is ${found.cents ?? 'tiered,'} cents and should be ${amount}: a new one is made. Subscriptions stay on the old one until you move them in Stripe.`,
      null,
      found.id,
    );
  if (!found.isActive)
    return step('reactivate_price', 'The price is there and archived: it is activated again.', null, found.id);
  return step('none', `The price is there: ${amount}.`, null, found.id);
}

/** What keeps a price from being ours whatever its amount; null where nothing does. */
function otherUseOf({ currency, interval, meterId }: AccountPrice, ownMeterId: string | null): string | null {
  if (currency !== 'usd') return `is in ${currency} instead of usd`;
  if (meterId === null) return 'has no meter';
  if (meterId !== ownMeterId) return `bills another meter (${meterId})`;
  if (interval !== 'month') return `is billed by the ${interval ?? 'piece'} instead of the month`;
  return null;
}

function unitInWords({ unit }: PlannedMeter): string {
  switch (unit) {
    case 'micro_usd':
      return 'a micro-dollar, which is the cost itself';
    case 'token':
      return 'a token';
    case 'request':
      return 'a search';
  }
}

function stepOf(what: SetupStep['what'], name: string) {
  return (
    action: SetupAction,
    sentence: string,
    remedy: string | null = null,
    id: string | null = null,
  ): SetupStep => ({
    what,
    action,
    name,
    sentence,
    remedy,
    id,
  });
}

const changing: ReadonlySet<SetupAction> = new Set([
  'create_meter',
  'reactivate_meter',
  'create_product',
  'reactivate_product',
  'create_price',
  'replace_price',
  'reactivate_price',
]);

export function changesAccount({ action }: Pick<SetupStep, 'action'>): boolean {
  return changing.has(action);
}

/** What a step needs to be there first: a price its meter and the product. */
export function needsOf(step: SetupStep, wanted: readonly WantedMeter[]): readonly string[] {
  if (step.what !== 'price') return [];
  const meter = wanted.find((one) => lookupKeyOf(one.meter) === step.name)?.meter.eventName;
  return [`product ${productId}`, ...(meter === undefined ? [] : [`meter ${meter}`])];
}
