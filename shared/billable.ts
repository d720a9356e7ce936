/** What a call adds to its customer's bill: the cost with the plan's markup. Pure; integers only. */
import { divideHalfEven, toSafeNanoUsd } from './money.ts';

/** Half-even to the nano-dollar; `markupPercent` 0 passes the cost through. */
export function billableNanoUsd(costNanoUsd: number, markupPercent: number): number {
  return toSafeNanoUsd(divideHalfEven(BigInt(costNanoUsd) * BigInt(100 + markupPercent), 100n));
}
