/** What a set-up would do, for every plan and every state of an account; and what a unit of a meter costs. */
import { describe, expect, it } from 'vitest';

import {
  decideSetup,
  lookupKeyOf,
  needsOf,
  productId,
  type AccountCatalog,
} from '../../../main/billing/decide-setup.ts';
import { isSameCents, unitPriceOf } from '../../../main/billing/unit-price.ts';
import { planSchema, type Plan } from '../../../shared/contract/plan.ts';
import { metersOf } from '../../../shared/plan-meters.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';

const nowMs = Date.parse('2026-11-26T00:00:00Z');
const plan = (wish: object): Plan => planSchema.parse(wish);
const wantedOf = (wish: object, models: readonly string[] = []) => {
  const rules = { plan: plan(wish), book: currentBook, nowMs };
  return metersOf(rules.plan, models).map((meter) => ({ meter, price: unitPriceOf(meter, rules) }));
};
const known = <T>(value: T) => ({ kind: 'known' as const, value });
const empty: AccountCatalog = { meters: known([]), product: known(null), prices: known([]) };
const actions = (wish: object, account: AccountCatalog, models: readonly string[] = []) =>
  decideSetup(wantedOf(wish, models), account).map(({ what, action }) => `${what} ${action}`);

/** An account in which all of it was done. */
function complete(wish: object, models: readonly string[] = []): AccountCatalog {
  const wanted = wantedOf(wish, models);
  return {
    meters: known(
      wanted.map(({ meter: { eventName } }) => ({
        id: `mtr_${eventName}`,
        eventName,
        formula: 'sum',
        customerKey: 'stripe_customer_id',
        valueKey: 'value',
        timeWindow: null,
        isActive: true,
      })),
    ),
    product: known({ id: productId, isActive: true }),
    prices: known(
      wanted.flatMap(({ meter, price }) =>
        price.kind === 'price'
          ? [
              {
                id: `price_${meter.eventName}`,
                lookupKey: lookupKeyOf(meter),
                isActive: true,
                currency: 'usd',
                cents: price.cents,
                meterId: `mtr_${meter.eventName}`,
                interval: 'month',
              },
            ]
          : [],
      ),
    ),
  };
}

describe('a set-up', () => {
  const models = ['claude-sonnet-5-5', 'claude-haiku-5-5'];

  it('of plan cost makes one meter, one product and one price', () => {
    expect(actions({ kind: 'cost' }, empty)).toEqual([
      'meter create_meter',
      'product create_product',
      'price create_price',
    ]);
  });

  it('of plan tokens makes a meter for each class, and leaves prices to a person, with the reason', () => {
    const steps = decideSetup(wantedOf({ kind: 'tokens' }), empty);
    expect(steps.map(({ action }) => action)).toEqual([...Array(6).fill('create_meter'), ...Array(6).fill('by_hand')]);
    expect(steps.at(-1)).toMatchObject({
      sentence: 'It counts every model, and their prices differ: only you can say what a unit costs.',
      remedy: expect.stringContaining('tokens-by-model') as string,
    });
  });

  it('of plan tokens-by-model makes a meter and a price for each class of each model that was used', () => {
    const steps = actions({ kind: 'tokens-by-model' }, empty, models);
    expect(steps.filter((step) => step === 'meter create_meter')).toHaveLength(12);
    expect(steps.filter((step) => step === 'price create_price')).toHaveLength(12);
    expect(actions({ kind: 'tokens-by-model' }, empty)).toEqual([]);
  });

  it.each([
    [{ kind: 'cost' }, []],
    [{ kind: 'tokens' }, []],
    [{ kind: 'tokens-by-model', markupPercent: 20 }, models],
  ] as const)('has nothing to do in an account where all of it was done: %o', (wish, used) => {
    const steps = decideSetup(wantedOf(wish, used), complete(wish, used));
    expect(steps.filter(({ action }) => action !== 'none' && action !== 'by_hand')).toEqual([]);
  });

  it('finishes what is there in part: each thing is made that is missing and no other', () => {
    const all = complete({ kind: 'tokens-by-model' }, models);
    if (all.meters.kind !== 'known' || all.prices.kind !== 'known') throw new Error('all of it is known');
    const part = { ...all, meters: known(all.meters.value.slice(0, 5)), prices: known(all.prices.value.slice(0, 3)) };
    const steps = actions({ kind: 'tokens-by-model' }, part, models);
    expect(steps.filter((step) => step === 'meter create_meter')).toHaveLength(7);
    expect(steps.filter((step) => step === 'price create_price')).toHaveLength(9);
  });

  it('makes a new price where a changed price book or markup asks for another amount', () => {
    const steps = actions(
      { kind: 'tokens-by-model', markupPercent: 10 },
      complete({ kind: 'tokens-by-model' }, models),
      models,
    );
    expect(steps.filter((step) => step === 'price replace_price')).toHaveLength(12);
  });

  it.each([
    [{ currency: 'eur' }, 'is in eur instead of usd'],
    [{ meterId: null }, 'has no meter'],
    [{ meterId: 'mtr_else' }, 'bills another meter (mtr_else)'],
    [{ interval: 'year' }, 'is billed by the year instead of the month'],
  ])('never touches a price that is somebody else’s: %o', (difference, words) => {
    const all = complete({ kind: 'cost' });
    if (all.prices.kind !== 'known') throw new Error('all of it is known');
    const prices = known(all.prices.value.map((price) => ({ ...price, ...difference })));
    const step = decideSetup(wantedOf({ kind: 'cost' }), { ...all, prices }).at(-1);
    expect(step).toMatchObject({
      action: 'conflict',
      remedy: expect.stringContaining('Take the lookup key from') as string,
    });
    expect(step?.sentence).toContain(words);
  });

  it('says what it cannot tell where the account cannot be read that far', () => {
    const unreadable = { kind: 'unknown' as const, sentence: 'No.', remedy: 'Allow it.' };
    const all = complete({ kind: 'cost' });
    expect(actions({ kind: 'cost' }, { ...all, meters: unreadable })).toEqual([
      'meter unknown',
      'product none',
      'price unknown',
    ]);
    expect(actions({ kind: 'cost' }, { ...all, product: unreadable })).toEqual([
      'meter none',
      'product unknown',
      'price none',
    ]);
    expect(actions({ kind: 'cost' }, { ...all, prices: unreadable })).toEqual([
      'meter none',
      'product none',
      'price unknown',
    ]);
  });

  it('knows that a price needs its own meter and the product', () => {
    const wanted = wantedOf({ kind: 'cost' });
    const price = decideSetup(wanted, empty).at(-1);
    expect(price && needsOf(price, wanted)).toEqual([`product ${productId}`, 'meter tollkeeper_cost_micro_usd']);
  });
});

describe('the price of a unit', () => {
  const ofModel = (tokenClass: string, wish: object = {}) => {
    const one = wantedOf({ kind: 'tokens-by-model', ...wish }, ['claude-sonnet-5-5']).find(
      ({ meter }) => meter.tokenClass === tokenClass,
    );
    return one?.price;
  };

  it('of the cost meter is a micro-dollar, whatever the markup', () => {
    expect(wantedOf({ kind: 'cost', markupPercent: 35.5 })[0]?.price).toEqual({ kind: 'price', cents: '0.0001' });
  });

  it('of a token is what the price book says, in cents', () => {
    // $2, $10, $2.50, $4 and $0.10 a million; $10 a thousand searches.
    expect(
      ['input', 'output', 'cache_write_5m', 'cache_write_1h', 'cache_read', 'web_search'].map((name) => ofModel(name)),
    ).toEqual(['0.0002', '0.001', '0.00025', '0.0004', '0.00001', '1'].map((cents) => ({ kind: 'price', cents })));
  });

  it('has the plan’s markup', () => {
    expect(ofModel('input', { markupPercent: 12.5 })).toEqual({ kind: 'price', cents: '0.000225' });
  });

  it('is left to a person where Stripe’s 12 decimals do not hold it, or the book has none', () => {
    const sonnet = currentBook.find('claude-sonnet-5-5');
    if (sonnet === null) throw new Error('the book has it');
    const period = sonnet.periods.at(-1);
    if (!period) throw new Error('it has prices');
    // One pico-dollar a token with 0.01 %: 14 decimals of a cent.
    const fine = { ...sonnet, periods: [{ ...period, standard: { ...period.standard, input: 1, output: null } }] };
    const book = { ...currentBook, find: () => fine };
    const rules = { plan: plan({ kind: 'tokens-by-model', markupPercent: 0.01 }), book, nowMs };
    const [input, output] = metersOf(rules.plan, ['claude-sonnet-5-5']).map((meter) => unitPriceOf(meter, rules));
    expect(input).toMatchObject({
      kind: 'by_hand',
      sentence: expect.stringContaining('more than the 12 decimals') as string,
    });
    expect(output).toMatchObject({
      kind: 'by_hand',
      sentence: expect.stringContaining('has no price for it') as string,
    });
    expect(
      metersOf(rules.plan, ['nobody-knows-me']).map(
        (meter) => unitPriceOf(meter, { ...rules, book: currentBook }).kind,
      ),
    ).toEqual(['by_hand', 'by_hand', 'by_hand', 'by_hand', 'by_hand', 'by_hand']);
  });

  it('is the same however many noughts follow', () => {
    expect(isSameCents('0.00010', '0.0001')).toBe(true);
    expect(isSameCents('1.000', '1')).toBe(true);
    expect(isSameCents('10', '1')).toBe(false);
  });
});
