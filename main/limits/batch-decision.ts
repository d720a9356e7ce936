/**
 * Whether a message batch may be submitted: each of its requests against the context limit and the call ceiling of its project, all of them together
 * against the budgets, at half their price, where that stays reserved until its results are metered (batch-reservations.ts).
 */
import type { Attribution } from '../../shared/call.ts';
import type { LimitRules } from '../../shared/contract/limits.ts';
import { noTokens } from '../../shared/usage.ts';
import type { BatchReservations } from './batch-reservations.ts';
import type { Budgets } from './budgets.ts';
import { noTurns } from './conversation-state.ts';
import { decide, refuseByOwnLimits, type Decision } from './decide.ts';
import type { Expectation, ExpectedRequest } from './expectation.ts';
import type { ExpectedCost } from './expected-cost.ts';

export type BatchBefore = Attribution & {
  readonly callId: string;
  readonly nowMs: number;
  /** Null where they could not be read: then only what is spent can be asked. */
  readonly requests: readonly Omit<ExpectedRequest, 'nowMs'>[] | null;
};

export type BatchRules = {
  readonly expectation: Expectation;
  readonly rules: LimitRules;
  readonly budgets: Budgets;
  readonly reservations: BatchReservations;
  readonly dayOf: (atMs: number) => string;
  readonly timeZone: string;
};

/** Asked request by request. */
const noOwnLimits = { contextLimitTokens: null, callCeilingNanoUsd: null, projects: {} };

export function decideBatch(
  batch: BatchBefore,
  { expectation, rules, budgets, reservations, dayOf, timeZone }: BatchRules,
): Decision {
  const { nowMs, callId } = batch;
  let sumNanoUsd = 0;
  for (const request of batch.requests ?? []) {
    const { tokens } = expectation.estimate(request.measure, noTurns);
    const expected = halved(expectation.cost({ ...request, nowMs }, tokens, noTurns));
    const refusal = refuseByOwnLimits({ ...batch, promptTokens: tokens, expected }, rules);
    if (refusal) return refusal;
    sumNanoUsd += expected.nanoUsd ?? 0;
  }
  const expected = { nanoUsd: sumNanoUsd, counts: noTokens, promptNanoUsd: () => sumNanoUsd };
  const question = { ...batch, nowMs, day: dayOf(nowMs), timeZone, promptTokens: 0, expected, isLetOn: false };
  const decision = decide(question, { ...rules, ...noOwnLimits }, budgets);
  if (decision.kind === 'allowed')
    reservations.asked(callId, { ...batch, submittedAtMs: nowMs, expectedNanoUsd: decision.reservedNanoUsd });
  return decision;
}

/** Every token class of a batch costs half (facts/anthropic.md section 4). */
function halved({ nanoUsd, promptNanoUsd, counts }: ExpectedCost): ExpectedCost {
  return {
    nanoUsd: nanoUsd === null ? null : Math.ceil(nanoUsd / 2),
    promptNanoUsd: () => promptNanoUsd() / 2,
    counts,
  };
}
