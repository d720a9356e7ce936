/**
 * A sum of calls in words: what is in it, and what is not. An unpriced call is in no sum and is said wherever a sum stands, in one manner:
 * "$412.10 + 3 calls unpriced". A sum with nothing priced in it says only what is unpriced, never "$0.00". Pure.
 */
import { formatUsd } from './money.ts';

/** `costNanoUsd` is the sum of what has a price; unpriced calls are counted beside it. */
export type Sum = { readonly costNanoUsd: number; readonly unpricedCalls: number };

/** "3 calls unpriced", "1 call unpriced". */
export function unpricedWords(unpricedCalls: number): string {
  return `${unpricedCalls.toLocaleString('en-US')} ${unpricedCalls === 1 ? 'call' : 'calls'} unpriced`;
}

/** Whether there is money to show: a sum of unpriced calls alone has none, and zero would say that they were free. */
export function hasAmount({ costNanoUsd, unpricedCalls }: Sum): boolean {
  return costNanoUsd !== 0 || unpricedCalls === 0;
}

/** "$412.10", "$412.10 + 3 calls unpriced", "3 calls unpriced". */
export function sumInWords(sum: Sum, decimals = 2): string {
  if (sum.unpricedCalls === 0) return formatUsd(sum.costNanoUsd, decimals);
  const unpriced = unpricedWords(sum.unpricedCalls);
  return hasAmount(sum) ? `${formatUsd(sum.costNanoUsd, decimals)} + ${unpriced}` : unpriced;
}

type CountedSum = Sum & { readonly calls: number; readonly failedCalls: number };

/**
 * What a call of this sum costs on average; null without one that came to something. Unpriced calls are in neither part of the division, nor are those
 * that failed or were refused: they came to nothing, and say nothing of what a call comes to.
 */
export function typicalNanoUsd({ costNanoUsd, unpricedCalls, failedCalls, calls }: CountedSum): number | null {
  const priced = calls - unpricedCalls - failedCalls;
  return priced <= 0 ? null : Math.round(costNanoUsd / priced);
}
