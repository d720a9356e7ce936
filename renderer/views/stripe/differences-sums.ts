/** What is to be settled with each customer, the largest amount first. Pure. */
import type { BillingDifference } from '../../../shared/contract/api.ts';

/** More when positive, less when negative; customers whose differences cancel out have nothing to settle. */
export type CustomerDifference = { readonly customer: string; readonly differenceNanoUsd: number };

export function sumsByCustomer(rows: readonly BillingDifference[]): CustomerDifference[] {
  const sums = new Map<string, number>();
  for (const { customer, dueNanoUsd, sentNanoUsd } of rows)
    sums.set(customer, (sums.get(customer) ?? 0) + dueNanoUsd - sentNanoUsd);
  return [...sums]
    .map(([customer, differenceNanoUsd]) => ({ customer, differenceNanoUsd }))
    .filter(({ differenceNanoUsd }) => differenceNanoUsd !== 0)
    .toSorted((a, b) => Math.abs(b.differenceNanoUsd) - Math.abs(a.differenceNanoUsd));
}
