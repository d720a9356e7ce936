/** The sentence that compares a month with the one before: over the same number of days, so that a running month is not always "less". Pure. */
import type { MonthView } from '../../../shared/contract/api.ts';
import { formatUsd } from '../../../shared/money.ts';
import { hasAmount, sumInWords, unpricedWords, type Sum } from '../../../shared/spend-words.ts';

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

/** Unpriced calls of either month are in neither figure, and said. */
export function comparison({ month, total, previous, days }: MonthView): string {
  const before = monthNames[Number(previous.month.slice(5, 7)) - 1] ?? previous.month;
  const now = monthNames[Number(month.slice(5, 7)) - 1] ?? month;
  const isRunning = previous.comparedDays < days.length;
  const span = isRunning ? `the first ${previous.comparedDays} days of ${before}` : before;
  if (previous.total.calls === 0) return `There were no calls in ${span} to compare with.`;
  if (!hasAmount(total) || !hasAmount(previous.total))
    return `It cannot be compared with ${span} (${sumInWords(previous.total)}).`;
  const difference = total.costNanoUsd - previous.total.costNanoUsd;
  const sentence =
    difference === 0
      ? `Exactly as much as ${span} (${sumInWords(previous.total)})`
      : `${formatUsd(Math.abs(difference))} ${difference > 0 ? 'more' : 'less'} than ${span} (${sumInWords(previous.total)})`;
  const left = [
    [total.unpricedCalls, now],
    [previous.total.unpricedCalls, before],
  ] as const;
  const leftOut = left.filter(([calls]) => calls > 0).map(([calls, name]) => `${unpricedWords(calls)} in ${name}`);
  return leftOut.length === 0 ? `${sentence}.` : `${sentence}, without the ${leftOut.join(' and the ')}.`;
}

/**
 * "+31 %", "−22 %"; a dash where there is nothing to compare with. `isPart`: calls of one side have no price, so that it compares only what is
 * priced.
 */
export function change(now: Sum, before: Sum): { readonly text: string; readonly isPart: boolean } {
  if (before.costNanoUsd === 0 || !hasAmount(now)) return { text: '–', isPart: false };
  const isPart = now.unpricedCalls + before.unpricedCalls > 0;
  const percent = Math.round(((now.costNanoUsd - before.costNanoUsd) / before.costNanoUsd) * 100);
  if (percent === 0) return { text: '±0 %', isPart };
  return { text: `${percent > 0 ? '+' : '−'}${Math.abs(percent).toLocaleString('en-US')} %`, isPart };
}

/** Share of the prompt that was read from the cache; null without any prompt. */
export function cacheHitPercent(spend: MonthView['total']): number | null {
  const prompt = spend.inputTokens + spend.cacheWriteTokens + spend.cacheReadTokens;
  return prompt === 0 ? null : Math.round((spend.cacheReadTokens / prompt) * 100);
}
