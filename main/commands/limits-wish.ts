/** What `tollkeeper limits set` and `budget` ask for, as the settings that they come to. Pure. @throws AppError `bad_usage` that names the flag. */
import { AppError } from '../../shared/contract/errors.ts';
import { budgetKinds, budgetPeriods, type BudgetKind, type BudgetPeriod } from '../../shared/contract/limits.ts';
import type { LimitsInFile } from '../../shared/contract/limits-settings.ts';
import { readTokens, readUsd } from '../../shared/read-amount.ts';

export type SetFlags = {
  readonly context?: string;
  readonly ceiling?: string;
  readonly project?: string;
  readonly cutMidStream?: string;
  readonly drain?: string;
  readonly warningHeader?: string;
  readonly countTokens?: string;
};

export type BudgetWish = { readonly whose: string; readonly amount: string; readonly per: string };

type Limits = LimitsInFile['limits'];

export function withSet(before: LimitsInFile, flags: SetFlags): LimitsInFile {
  const { limits } = before;
  const { context, ceiling, project, cutMidStream, drain, warningHeader, countTokens } = flags;
  if (Object.values(flags).every((flag) => flag === undefined) || (project !== undefined && !context && !ceiling))
    throw new AppError(
      'bad_usage',
      'Nothing is said that could be set.',
      'Give one of --context and --ceiling, or see `tollkeeper limits set --help`.',
    );
  const next =
    project === undefined ? withOwn(limits, context, ceiling) : withProject(limits, project, context, ceiling);
  return {
    limits: {
      ...next,
      cutsMidStream: switchOf(cutMidStream, '--cut-mid-stream') ?? limits.cutsMidStream,
      hasWarningHeader: switchOf(warningHeader, '--warning-header') ?? limits.hasWarningHeader,
      asksCountTokens: switchOf(countTokens, '--count-tokens') ?? limits.asksCountTokens,
    },
    drainOnAbort: switchOf(drain, '--drain') ?? before.drainOnAbort,
  };
}

function withOwn(limits: Limits, context: string | undefined, ceiling: string | undefined): Limits {
  return {
    ...limits,
    ...(context === undefined ? {} : { contextLimitTokens: tokensOf(context) }),
    ...(ceiling === undefined ? {} : { callCeilingUsd: usdOf(ceiling, '--ceiling') }),
  };
}

const asForAll = 'all';

/** A project of which nothing differs any more is no longer named. */
function withProject(limits: Limits, name: string, context: string | undefined, ceiling: string | undefined): Limits {
  const { [name]: before = {}, ...others } = limits.projects;
  const own = { ...before };
  if (context === asForAll) delete own.contextLimitTokens;
  else if (context !== undefined) own.contextLimitTokens = tokensOf(context);
  if (ceiling === asForAll) delete own.callCeilingUsd;
  else if (ceiling !== undefined) own.callCeilingUsd = usdOf(ceiling, '--ceiling');
  return { ...limits, projects: Object.keys(own).length === 0 ? others : { ...others, [name]: own } };
}

/** One budget, set to another amount, added or, by "off", removed. */
export function withBudget(before: LimitsInFile, { whose, amount, per }: BudgetWish): LimitsInFile {
  const { of, name } = ownerOf(whose);
  const period = periodOf(per);
  const isIt = (budget: Limits['budgets'][number]) => budget.of === of && budget.name === name && budget.per === period;
  const { limits } = before;
  const usd = usdOf(amount, 'The budget');
  const isThere = limits.budgets.some(isIt);
  if (usd === null && !isThere)
    throw new AppError('bad_usage', `There is no budget per ${period} of ${whose}.`, 'See `tollkeeper limits`.');
  const budgets =
    usd === null
      ? limits.budgets.filter((budget) => !isIt(budget))
      : isThere
        ? limits.budgets.map((budget) => (isIt(budget) ? { ...budget, usd } : budget))
        : [...limits.budgets, { of, name, per: period, usd }];
  return { ...before, limits: { ...limits, budgets } };
}

/** "team", "member" for each of them, "member:alice". */
function ownerOf(whose: string): { readonly of: BudgetKind; readonly name: string | null } {
  const [kind = '', ...rest] = whose.split(':');
  const of = budgetKinds.find((known) => known === kind);
  const name = rest.length === 0 ? null : rest.join(':').trim();
  if (of !== undefined && name !== '' && (of !== 'team' || name === null)) return { of, name };
  throw new AppError(
    'bad_usage',
    `"${whose}" has no budget.`,
    'Give team, member:alice, project:webshop or customer:cus_…; member, project or customer alone is each of them.',
  );
}

function periodOf(per: string): BudgetPeriod {
  const period = budgetPeriods.find((known) => known === per);
  if (period !== undefined) return period;
  throw new AppError(
    'bad_usage',
    `A budget is per day or per month, not per "${per}".`,
    'Give --per day or --per month.',
  );
}

function tokensOf(text: string): number | null {
  if (text.toLowerCase() === 'off') return null;
  const tokens = readTokens(text);
  if (tokens !== null) return tokens;
  throw new AppError('bad_usage', `--context is no number of tokens: "${text}".`, 'Give one such as 150000, or "off".');
}

function usdOf(text: string, what: string): number | null {
  if (text.toLowerCase() === 'off') return null;
  const usd = readUsd(text);
  if (usd !== null) return usd;
  throw new AppError('bad_usage', `${what} is no amount in dollars: "${text}".`, 'Give one such as 12.50, or "off".');
}

function switchOf(text: string | undefined, flag: string): boolean | null {
  if (text === undefined) return null;
  if (text.toLowerCase() === 'on') return true;
  if (text.toLowerCase() === 'off') return false;
  throw new AppError('bad_usage', `${flag} is neither on nor off: "${text}".`, `Give ${flag} on or ${flag} off.`);
}
