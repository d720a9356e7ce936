/** Rules and budgets in words and in percent of a bar. Pure. */
import type { LimitsSettings } from '../../../shared/contract/limits.ts';
import { budgetOwner } from '../../../shared/contract/limits-settings.ts';
import type { BudgetRow, LimitsView } from '../../../shared/contract/limits-view.ts';
import { formatUsd, nanoUsdPerCent } from '../../../shared/money.ts';
import { tokensInWords } from '../../../shared/plain-words.ts';
import type { Tone } from '../../components/tag.tsx';

export type BudgetShares = {
  /** Percent of the bar; together at most 100. */
  readonly spent: number;
  readonly reserved: number;
  /** Whole percent spent of the limit, which may be more than 100. */
  readonly percent: number;
  /** Never below zero: what is over is said by the percent. */
  readonly leftNanoUsd: number;
};

export function budgetShares({ limitNanoUsd, spentNanoUsd, reservedNanoUsd }: BudgetRow): BudgetShares {
  const spent = Math.max(0, spentNanoUsd);
  const scale = 100 / Math.max(limitNanoUsd, spent + reservedNanoUsd, 1);
  return {
    spent: spent * scale,
    reserved: reservedNanoUsd * scale,
    percent: Math.floor((spent / Math.max(limitNanoUsd, 1)) * 100),
    leftNanoUsd: Math.max(0, limitNanoUsd - spentNanoUsd - reservedNanoUsd),
  };
}

/** Near from the second of the steps at which a budget warns. */
const nearPercent = 80;

export type BudgetStanding = { readonly tone: Tone; readonly word: string };

export function budgetStanding(budget: BudgetRow): BudgetStanding {
  const { percent, leftNanoUsd } = budgetShares(budget);
  if (percent >= 100) return { tone: 'stopped', word: 'spent' };
  if (leftNanoUsd === 0) return { tone: 'look', word: 'all spoken for' };
  if (percent >= nearPercent) return { tone: 'look', word: 'near its end' };
  return { tone: 'well', word: 'well' };
}

/** "the team", "member alice", "project webshop". */
export function whoseBudget({ of, whose }: Pick<BudgetRow, 'of' | 'whose'>): string {
  return of === 'team' ? 'the team' : `${of} ${whose ?? 'unassigned'}`;
}

export function perWords({ per }: Pick<BudgetRow, 'per'>): string {
  return per === 'day' ? 'a day' : 'a month';
}

type OwnRules = Pick<LimitsView['rules'], 'contextLimitTokens' | 'callCeilingNanoUsd'>;

export function contextRule(tokens: number | null): string {
  if (tokens === null) return 'A prompt may be as long as its model allows: no context limit is set.';
  return `A prompt of more than ${tokens.toLocaleString('en-US')} tokens (${tokensInWords(tokens)}) is stopped before it is sent; its conversation is warned at 50, 75 and 90 %.`;
}

export function ceilingRule(nanoUsd: number | null): string {
  if (nanoUsd === null) return 'A call may cost whatever it costs: no call ceiling is set.';
  return `A call that is expected to cost more than ${formatUsd(nanoUsd)} is stopped before it is sent.`;
}

/** What differs in a project; what is as for all is left out. */
export function projectRules(own: OwnRules, all: OwnRules): string[] {
  const rules: string[] = [];
  if (own.contextLimitTokens !== all.contextLimitTokens) rules.push(contextRule(own.contextLimitTokens));
  if (own.callCeilingNanoUsd !== all.callCeilingNanoUsd) rules.push(ceilingRule(own.callCeilingNanoUsd));
  return rules;
}

/** "Budgets: the team, $600.00 a month; each member, $20.00 a day." */
export function budgetRules(budgets: LimitsSettings['budgets']): string {
  if (budgets.length === 0)
    return 'No budget is set: what a member, a project, a customer or the team spends in all stops nothing.';
  const words = budgets.map(
    ({ of, name, per, usd }) =>
      `${budgetOwner(of, name)}, ${formatUsd(Math.round(usd * 100) * nanoUsdPerCent)} ${perWords({ per })}`,
  );
  return `Budgets: ${words.join('; ')}.`;
}

export function drainRule(drains: boolean): string {
  return drains
    ? 'When a client leaves, its answer is read to its end: exact counts, and output that nobody reads is paid for.'
    : 'When a client leaves, its answer is ended, which saves what would have come.';
}

type FurtherRules = Pick<LimitsView['rules'], 'asksCountTokens' | 'hasWarningHeader' | 'cutsMidStream'>;

export function furtherRules({ asksCountTokens, hasWarningHeader, cutsMidStream }: FurtherRules): string[] {
  return [
    cutsMidStream
      ? 'An answer whose running cost passes the call ceiling is cut in mid-stream.'
      : 'An answer that has begun is never cut, whatever it comes to.',
    asksCountTokens
      ? 'Near the context limit Anthropic is asked for the exact count, which is free.'
      : 'Near the context limit Tollkeeper’s own estimate decides; Anthropic is not asked.',
    hasWarningHeader
      ? 'Warnings also stand in a header of the answer, x-tollkeeper-warning.'
      : 'Warnings do not stand in the headers of answers.',
  ];
}
