/** What was set aside, as the line of an invoice: which days, how many calls, what sum. Pure. */
import type { MeterLabel } from './contract/meter-amounts.ts';
import { meterInWords } from './meter-amount-words.ts';
import { formatUsd } from './money.ts';

export type CarryForwardFigures = {
  readonly calls: number;
  /** Of token meters what their tokens cost, with the markup. */
  readonly nanoUsd: number;
  /** Those of tokens, with how many. */
  readonly meters: readonly (MeterLabel & { readonly value: number })[];
  /** Events with calls that have no price. */
  readonly unpricedEvents: number;
  /** Part of the sum that Stripe may have counted after all. */
  readonly uncertainNanoUsd: number;
  /** UTC, as Stripe's days are; in order. */
  readonly days: readonly string[];
};

const daysNamedMax = 7;

export function carryForwardSentence(figures: CarryForwardFigures): string {
  const { calls, nanoUsd, meters, unpricedEvents, uncertainNanoUsd, days } = figures;
  const counted = `${calls.toLocaleString('en-US')} ${calls === 1 ? 'call' : 'calls'}`;
  const worth = `${unpricedEvents > 0 ? 'at least ' : ''}${meters.length > 0 ? 'worth ' : ''}${formatUsd(nanoUsd, 6)}`;
  const usage = `Usage of ${daysInWords(days)} (${counted}) that was not metered: ${[worth, ...meters.map(meterSum)].join(', ')}.`;
  if (uncertainNanoUsd === 0) return usage;
  return `${usage} Of this, Stripe may have counted ${formatUsd(uncertainNanoUsd, 6)}; compare before it is billed.`;
}

function meterSum({ value, ...meter }: CarryForwardFigures['meters'][number]): string {
  return `${value.toLocaleString('en-US')} ${meterInWords(meter)}`;
}

function daysInWords(days: readonly string[]): string {
  const [first = '', ...rest] = days;
  const last = rest.at(-1);
  if (last === undefined) return first;
  if (days.length > daysNamedMax) return `${days.length} days from ${first} to ${last}`;
  return `${days.slice(0, -1).join(', ')} and ${last}`;
}
