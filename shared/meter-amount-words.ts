/** Amounts of meters in words: money as money, tokens as tokens, and what tokens are worth beside them. Pure. */
import type { MeterLabel, Quantities } from './contract/meter-amounts.ts';
import { formatUsd } from './money.ts';
import { classInWords, type MeterUnit } from './plan-meters.ts';

/** "$0.001204", "1,204 tokens", "3 searches". `value` may be no whole number where it is Stripe's. */
export function valueInWords(unit: MeterUnit, value: number): string {
  return unit === 'micro_usd' ? formatUsd(Math.round(value * 1_000), 6) : counted(unit, value);
}

/** The same of thousandths of the unit, with every digit of money. */
export function amountInWords(unit: MeterUnit, thousandths: number): string {
  return unit === 'micro_usd' ? formatUsd(thousandths, 9) : counted(unit, thousandths / 1_000);
}

/** "input tokens of claude-opus-4-8"; "cost" on a meter of money. */
export function meterInWords({ tokenClass, model }: Omit<MeterLabel, 'unit'>): string {
  if (tokenClass === null) return 'cost';
  return model === null ? classInWords(tokenClass) : `${classInWords(tokenClass)} of ${model}`;
}

/** "1,204 input tokens of claude-opus-4-8"; money as money. */
export function labelledValueInWords({ unit, ...meter }: MeterLabel, value: number): string {
  return unit === 'micro_usd' ? valueInWords(unit, value) : `${figure(value)} ${meterInWords(meter)}`;
}

/** The same of thousandths, with every digit of money. */
export function labelledAmountInWords({ unit, ...meter }: MeterLabel, thousandths: number): string {
  return unit === 'micro_usd'
    ? amountInWords(unit, thousandths)
    : `${figure(thousandths / 1_000)} ${meterInWords(meter)}`;
}

export type Worth = { readonly nanoUsd: number } & Partial<Quantities>;

/** "$38.20"; "$38.20 (1,204 tokens and 3 searches)"; with "at least" where calls among them have no price. */
export function worthInWords({ nanoUsd, tokens = 0, requests = 0, unpricedEvents = 0 }: Worth, decimals = 2): string {
  const counted = countedInWords({ tokens, requests });
  const money = `${unpricedEvents > 0 ? 'at least ' : ''}${formatUsd(nanoUsd, decimals)}`;
  return counted === null ? money : `${money} (${counted})`;
}

/** "1,204 tokens and 3 searches"; null where nothing but money is counted. */
export function countedInWords({ tokens, requests }: Pick<Quantities, 'tokens' | 'requests'>): string | null {
  const parts = [
    ...(tokens === 0 ? [] : [counted('token', tokens)]),
    ...(requests === 0 ? [] : [counted('request', requests)]),
  ];
  return parts.length === 0 ? null : parts.join(' and ');
}

function counted(unit: 'token' | 'request', value: number): string {
  const [one, many] = unit === 'token' ? ['token', 'tokens'] : ['search', 'searches'];
  return `${figure(value)} ${value === 1 ? one : many}`;
}

function figure(value: number): string {
  return `${value < 0 ? '−' : ''}${Math.abs(value).toLocaleString('en-US', { maximumFractionDigits: 3 })}`;
}
