/** The sentence that compares a month with the one before: over the same number of days, so that a running month is not always "less". Pure. */
import type { MonthView } from '../../../shared/contract/api.ts';
import { formatUsd } from '../../../shared/money.ts';

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

export function monthName(month: string): string {
  return `${monthNames[Number(month.slice(5, 7)) - 1] ?? month} ${month.slice(0, 4)}`;
}

export function comparison({ total, previous, days }: MonthView): string {
  const before = monthNames[Number(previous.month.slice(5, 7)) - 1] ?? previous.month;
  const isRunning = previous.comparedDays < days.length;
  const span = isRunning ? `the first ${previous.comparedDays} days of ${before}` : before;
  if (previous.total.calls === 0) return `There were no calls in ${span} to compare with.`;
  const difference = total.costNanoUsd - previous.total.costNanoUsd;
  if (difference === 0) return `Exactly as much as ${span}.`;
  return `${formatUsd(Math.abs(difference))} ${difference > 0 ? 'more' : 'less'} than ${span} (${formatUsd(previous.total.costNanoUsd)}).`;
}

/** "+31 %", "−22 %"; a dash where there is nothing to compare with. */
export function change(nowNano: number, beforeNano: number): string {
  if (beforeNano === 0) return '–';
  const percent = Math.round(((nowNano - beforeNano) / beforeNano) * 100);
  if (percent === 0) return '±0 %';
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent).toLocaleString('en-US')} %`;
}

/** Share of the prompt that was read from the cache; null without any prompt. */
export function cacheHitPercent(spend: MonthView['total']): number | null {
  const prompt = spend.inputTokens + spend.cacheWriteTokens + spend.cacheReadTokens;
  return prompt === 0 ? null : Math.round((spend.cacheReadTokens / prompt) * 100);
}
