/** What is to be settled with each customer in money, the largest amount first: of tokens what they are worth. Pure. */
import type { BillingDifference } from '../../../shared/contract/api.ts';

/** More when positive, less when negative; customers whose differences cancel out have nothing to settle. */
export type CustomerDifference = { readonly customer: string; readonly differenceNanoUsd: number };

export function sumsByCustomer(rows: readonly BillingDifference[]): CustomerDifference[] {
  const sums = new Map<string, number>();
  for (const { customer, dueWorthNanoUsd, sentWorthNanoUsd } of rows) {
    const worth = dueWorthNanoUsd === null || sentWorthNanoUsd === null ? 0 : dueWorthNanoUsd - sentWorthNanoUsd;
    sums.set(customer, (sums.get(customer) ?? 0) + worth);
  }
  return [...sums]
    .map(([customer, differenceNanoUsd]) => ({ customer, differenceNanoUsd }))
    .filter(({ differenceNanoUsd }) => differenceNanoUsd !== 0)
    .toSorted((a, b) => Math.abs(b.differenceNanoUsd) - Math.abs(a.differenceNanoUsd));
}
