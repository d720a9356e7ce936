/**
 * What a call adds to its customer's meters under a plan: one amount a meter, and what that is worth in money. Pure; integers only.
 *
 * Amounts are thousandths of the meter's unit: a nano-dollar is a thousandth of a micro-dollar, a token is a thousand. Σ worth over the meters of a call is
 * its cost with the markup, to the nano-dollar; the worth of tokens without a price is unknown (null), never 0.
 * Only calls that passed this machine are billed from it: a transcript may be a subscription's, and a teammate's export is billed by the teammate.
 */
import { billableNanoUsd, markupBasisPoints } from './billable.ts';
import { billedTokens, type BilledTokens } from './billed-tokens.ts';
import type { CallRecord, ChargeLine } from './call.ts';
import type { Plan } from './contract/plan.ts';
import { divideHalfEven, toSafeNanoUsd } from './money.ts';
import { costMeter, tokenMeter, type PlannedMeter } from './plan-meters.ts';

export type DueShare = {
  readonly meter: PlannedMeter;
  readonly amountThousandths: number;
  readonly worthNanoUsd: number | null;
};

export const thousandthsPerUnit = 1_000;

/** The part of a call that decides whether anybody is billed for it. */
export function isBilledFromHere({ source, customer }: Pick<CallRecord, 'source' | 'customer'>): boolean {
  return customer !== null && (source === 'proxy' || source === 'batch');
}

export type ShareQuestion = {
  readonly call: CallRecord;
  /** Asked for by token plans only: lines that stand as text are read for them alone. */
  readonly lines: () => readonly ChargeLine[];
  readonly nameOf: (model: string) => string;
};

export function dueShares({ call, lines, nameOf }: ShareQuestion, plan: Plan): readonly DueShare[] {
  const { customer } = call;
  if (customer === null || !isBilledFromHere(call)) return [];
  const worth = call.costNanoUsd === null ? null : billableNanoUsd(call.costNanoUsd, markupBasisPoints(plan, customer));
  if (plan.kind === 'cost')
    return worth === null || worth === 0
      ? []
      : [{ meter: costMeter(plan), amountThousandths: worth, worthNanoUsd: worth }];
  const tokens = billedTokens(call, lines(), nameOf);
  const isByModel = plan.kind === 'tokens-by-model';
  const sums = isByModel ? tokens : overModels(tokens);
  const worths = worth === null ? null : worthsOf(sums, worth, markupBasisPoints(plan, customer));
  return sums.map(({ tokenClass, model, quantity }, index) => ({
    meter: tokenMeter(plan, tokenClass, isByModel ? model : null),
    amountThousandths: quantity * thousandthsPerUnit,
    worthNanoUsd: worths?.[index] ?? null,
  }));
}

function overModels(tokens: readonly BilledTokens[]): readonly BilledTokens[] {
  const sums = new Map<string, BilledTokens>();
  for (const part of tokens) {
    const before = sums.get(part.tokenClass);
    const quantity = (before?.quantity ?? 0) + part.quantity;
    const amountPicoUsd = part.amountPicoUsd === null ? null : (before?.amountPicoUsd ?? 0n) + part.amountPicoUsd;
    sums.set(part.tokenClass, { ...part, quantity, amountPicoUsd });
  }
  return [...sums.values()];
}

/** Each rounded half-even; the largest takes what rounding leaves over, so that they add up to `worth`. */
function worthsOf(parts: readonly BilledTokens[], worth: number, basisPoints: number): number[] {
  const divisor = 10_000n * 1_000n;
  const worths = parts.map(({ amountPicoUsd }) =>
    toSafeNanoUsd(divideHalfEven((amountPicoUsd ?? 0n) * BigInt(10_000 + basisPoints), divisor)),
  );
  const largest = worths.indexOf(Math.max(...worths));
  const rest = worth - worths.reduce((sum, part) => sum + part, 0);
  return worths.map((part, index) => (index === largest ? part + rest : part));
}
