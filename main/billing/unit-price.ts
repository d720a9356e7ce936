/**
 * What one unit of a meter costs in Stripe, in cents with at most 12 decimals. Pure; integers only.
 *
 * The meter of plan `cost` counts billable micro-dollars, so a unit is 0.0001 cents whatever the markup: it is in the value. A token meter of one model
 * costs what the price book in force says, with the plan's markup. Everything else is left to a person with the reason: never guessed.
 */
import { markupBasisPoints } from '../../shared/billable.ts';
import type { Plan } from '../../shared/contract/plan.ts';
import type { MeteredClass, PlannedMeter } from '../../shared/plan-meters.ts';
import { periodAt, type PriceBook, type Rates } from '../../shared/pricing/price-book.ts';

export type UnitPrice =
  | { readonly kind: 'price'; /** Cents a unit. */ readonly cents: string }
  | { readonly kind: 'by_hand'; readonly sentence: string; readonly remedy: string };

export type PriceRules = { readonly plan: Plan; readonly book: PriceBook; readonly nowMs: number };

export function unitPriceOf(meter: PlannedMeter, rules: PriceRules): UnitPrice {
  if (meter.unit === 'micro_usd') return { kind: 'price', cents: '0.0001' };
  if (meter.model === null || meter.tokenClass === null)
    return byHand(
      'It counts every model, and their prices differ: only you can say what a unit costs.',
      `Make a price with the meter ${meter.eventName} in Stripe, or choose the plan tokens-by-model.`,
    );
  const pico = picoUsdPerUnit(meter.model, meter.tokenClass, rules);
  if (pico === null)
    return byHand(
      `The price book ${rules.book.version} has no price for it.`,
      `Make a price with the meter ${meter.eventName} in Stripe, or put a price file in force and run this again.`,
    );
  const cents = centsOf(pico, markupBasisPoints(rules.plan, ''));
  if (cents === null)
    return byHand(
      'Its price with the markup has more than the 12 decimals that Stripe takes.',
      'Choose a markup of whole percents, or make its price in Stripe.',
    );
  return { kind: 'price', cents };
}

function byHand(sentence: string, remedy: string): UnitPrice {
  return { kind: 'by_hand', sentence, remedy };
}

const rateOfClass: Readonly<Record<Exclude<MeteredClass, 'web_search'>, keyof Rates>> = {
  input: 'input',
  output: 'output',
  cache_write_5m: 'cacheWrite5m',
  cache_write_1h: 'cacheWrite1h',
  cache_read: 'cacheRead',
};

function picoUsdPerUnit(model: string, tokenClass: MeteredClass, { book, nowMs }: PriceRules): number | null {
  const prices = book.find(model);
  if (prices === null) return null;
  if (tokenClass === 'web_search') return book.webSearchPicoUsdPerRequest;
  return periodAt(prices, nowMs).standard[rateOfClass[tokenClass]];
}

const decimalsMax = 12;
/** A pico-dollar is 10⁻¹⁰ cents, a basis point 10⁻⁴ of it. */
const scale = 14;

/** Null where it does not fit. */
function centsOf(picoUsd: number, basisPoints: number): string | null {
  const units = BigInt(picoUsd) * BigInt(10_000 + basisPoints);
  const digits = units.toString().padStart(scale + 1, '0');
  const decimals = digits.slice(-scale).replace(/0+$/, '');
  if (decimals.length > decimalsMax) return null;
  const whole = digits.slice(0, -scale);
  return decimals === '' ? whole : `${whole}.${decimals}`;
}

/** "0.00010" and "0.0001" are one price. */
export function isSameCents(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

function plain(cents: string): string {
  return cents.includes('.') ? cents.replace(/0+$/, '').replace(/\.$/, '') : cents;
}
