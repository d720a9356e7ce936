/** What was set aside, as the line of an invoice: which days, how many calls, what sum. Pure. */
import { formatUsd } from './money.ts';

export type CarryForwardFigures = {
  readonly calls: number;
  readonly nanoUsd: number;
  /** Part of the sum that Stripe may have counted after all. */
  readonly uncertainNanoUsd: number;
  /** UTC, as Stripe's days are; in order. */
  readonly days: readonly string[];
};

const daysNamedMax = 7;

export function carryForwardSentence({ calls, nanoUsd, uncertainNanoUsd, days }: CarryForwardFigures): string {
  const counted = `${calls.toLocaleString('en-US')} ${calls === 1 ? 'call' : 'calls'}`;
  const usage = `Usage of ${daysInWords(days)} (${counted}) that was not metered: ${formatUsd(nanoUsd, 6)}.`;
  if (uncertainNanoUsd === 0) return usage;
  return `${usage} Of this, Stripe may have counted ${formatUsd(uncertainNanoUsd, 6)}; compare before it is billed.`;
}

function daysInWords(days: readonly string[]): string {
  const [first = '', ...rest] = days;
  const last = rest.at(-1);
  if (last === undefined) return first;
  if (days.length > daysNamedMax) return `${days.length} days from ${first} to ${last}`;
  return `${days.slice(0, -1).join(', ')} and ${last}`;
}
