/**
 * Whether a call may go: context limit, call ceiling, budgets, in this order; the first that says no answers. Pure but for the reservation that it makes
 * in the budgets it is given. A conversation that was let on passes all three, and is counted all the same.
 *
 * What cannot be known stops nothing: an unpriced model passes the ceiling, and budgets as long as they are not spent, and a prompt whose body does not show its context is measured
 * against the limit by what is known of it.
 */
import type { Attribution } from '../../shared/call.ts';
import { ownLimitsOf, type LimitRules } from '../../shared/contract/limits.ts';
import type { Budgets } from './budgets.ts';
import type { ExpectedCost } from './expected-cost.ts';
import { refuseBudget, refuseCeiling, refuseContext, type Refusal } from './refusal.ts';

export type LimitQuestion = Attribution & {
  readonly callId: string;
  readonly promptTokens: number;
  readonly expected: ExpectedCost;
  readonly nowMs: number;
  /** The day of `nowMs` in the team's zone. */
  readonly day: string;
  readonly timeZone: string;
  readonly isLetOn: boolean;
};

export type Allowed = {
  readonly kind: 'allowed';
  /** Reserved in the budgets until the call is settled or released. */
  readonly reservedNanoUsd: number;
  /** The conversation was let on past its limits. */
  readonly isLetOn: boolean;
  /** Why nothing was decided, where the limits themselves failed; null when all is well. One sentence, to be shown. */
  readonly failure: string | null;
};

export type Decision = Allowed | Refusal;

export function decide(question: LimitQuestion, rules: LimitRules, budgets: Budgets): Decision {
  const { callId, expected, isLetOn } = question;
  const own = isLetOn ? null : refuseByOwnLimits(question, rules);
  if (own) return own;
  const reservedNanoUsd = expected.nanoUsd ?? 0;
  const full = budgets.reserve({ ...question, id: callId }, reservedNanoUsd, isLetOn);
  if (full) return refuseBudget(full, expected, question.conversation, question);
  return { kind: 'allowed', reservedNanoUsd, isLetOn, failure: null };
}

/** Context limit and call ceiling of its project. */
export function refuseByOwnLimits(
  question: Pick<LimitQuestion, 'promptTokens' | 'expected' | 'conversation' | 'project'>,
  rules: LimitRules,
): Refusal | null {
  const { promptTokens, expected, conversation } = question;
  const { contextLimitTokens, callCeilingNanoUsd } = ownLimitsOf(rules, question.project);
  if (contextLimitTokens !== null && promptTokens > contextLimitTokens)
    return refuseContext(promptTokens, contextLimitTokens, expected, conversation);
  if (callCeilingNanoUsd !== null && expected.nanoUsd !== null && expected.nanoUsd > callCeilingNanoUsd)
    return refuseCeiling(promptTokens, callCeilingNanoUsd, expected, conversation);
  return null;
}
