/** What a call is worth on its customer's bill: the cost with the markup of the plan. Pure; integers only. */
import type { Plan } from './contract/plan.ts';
import { divideHalfEven, toSafeNanoUsd } from './money.ts';

/** The markup of a customer in basis points (hundredths of a percent): its own, else the plan's. */
export function markupBasisPoints(
  { markupPercent, customerMarkupPercent }: Pick<Plan, 'markupPercent' | 'customerMarkupPercent'>,
  customer: string,
): number {
  const percent = Object.hasOwn(customerMarkupPercent, customer) ? customerMarkupPercent[customer] : undefined;
  return Math.round((percent ?? markupPercent) * 100);
}

/** Half-even to the nano-dollar; 0 basis points pass the cost through. */
export function billableNanoUsd(costNanoUsd: number, basisPoints: number): number {
  if (basisPoints === 0) return costNanoUsd;
  return toSafeNanoUsd(divideHalfEven(BigInt(costNanoUsd) * BigInt(10_000 + basisPoints), 10_000n));
}
