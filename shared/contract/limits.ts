/**
 * The settings of the limits, and the rules they come to. Amounts are dollars in the file, because people write them, and nano-USD in the rules.
 * Every key has a default, so an empty object is valid: a context limit of 100,000 tokens, a call ceiling of $10 and no budgets.
 */
import { z } from 'zod';

import { nanoUsdPerCent } from '../money.ts';

const name = z.string().trim().min(1).max(100);
/** Whole cents: a limit is finer than that for nobody. */
const usd = z
  .number()
  .min(0.01)
  .max(1_000_000)
  .multipleOf(0.01, 'an amount is in dollars and whole cents, such as 12.50');
const tokens = z.int().min(1_000).max(10_000_000);

export const budgetKinds = ['team', 'member', 'project', 'customer'] as const;
export type BudgetKind = (typeof budgetKinds)[number];
export const budgetPeriods = ['day', 'month'] as const;
export type BudgetPeriod = (typeof budgetPeriods)[number];

export const budgetSchema = z
  .strictObject({
    of: z.enum(budgetKinds),
    /** Whose; without a name, each one of the kind has a budget of this size of their own. The team has no name. */
    name: name.nullable().default(null),
    per: z.enum(budgetPeriods),
    usd,
  })
  .refine((budget) => budget.of !== 'team' || budget.name === null, 'the budget of the team takes no name');

export const limitsSettingsSchema = z.strictObject({
  /** A prompt of more tokens is refused; null for no limit. */
  contextLimitTokens: tokens.nullable().default(100_000),
  /** A call that is expected to cost more is refused; null for no ceiling. */
  callCeilingUsd: usd.nullable().default(10),
  budgets: z.array(budgetSchema).max(500).default([]),
  /** What differs in a project; a key that is absent is as for all, null is none. */
  projects: z
    .record(
      name,
      z.strictObject({ contextLimitTokens: tokens.nullable().optional(), callCeilingUsd: usd.nullable().optional() }),
    )
    .default({}),
  /** Ask Anthropic's `count_tokens` when the estimate is within a tenth of the context limit. */
  asksCountTokens: z.boolean().default(true),
  /** Say warnings in the header `x-tollkeeper-warning` of the answer. */
  hasWarningHeader: z.boolean().default(true),
  /** Cut a streamed answer whose running cost passes the call ceiling: with an error event, or where its encoding allows none, by its connection. */
  cutsMidStream: z.boolean().default(false),
});
export type LimitsSettings = z.infer<typeof limitsSettingsSchema>;

export type Budget = {
  readonly of: BudgetKind;
  readonly name: string | null;
  readonly per: BudgetPeriod;
  readonly limitNanoUsd: number;
};

export type OwnLimits = { readonly contextLimitTokens: number | null; readonly callCeilingNanoUsd: number | null };

export type LimitRules = OwnLimits & {
  readonly budgets: readonly Budget[];
  readonly projects: Readonly<Record<string, OwnLimits>>;
};

export function limitRulesOf(settings: LimitsSettings): LimitRules {
  const all: OwnLimits = {
    contextLimitTokens: settings.contextLimitTokens,
    callCeilingNanoUsd: nanoOf(settings.callCeilingUsd),
  };
  const projects = Object.entries(settings.projects).map(([project, own]): [string, OwnLimits] => [
    project,
    {
      contextLimitTokens: own.contextLimitTokens === undefined ? all.contextLimitTokens : own.contextLimitTokens,
      callCeilingNanoUsd: own.callCeilingUsd === undefined ? all.callCeilingNanoUsd : nanoOf(own.callCeilingUsd),
    },
  ]);
  const budgets = settings.budgets.map(({ of, name: whose, per, usd: amount }) => ({
    of,
    name: whose,
    per,
    limitNanoUsd: nanoOf(amount) ?? 0,
  }));
  return { ...all, budgets, projects: Object.fromEntries(projects) };
}

/** The limits of a call of this project. */
export function ownLimitsOf(rules: LimitRules, project: string | null): OwnLimits {
  const own = project !== null && Object.hasOwn(rules.projects, project) ? rules.projects[project] : undefined;
  return own ?? rules;
}

/** Whole cents, so that no amount of the file is a float beyond this line. */
function nanoOf(amount: number | null): number | null {
  return amount === null ? null : Math.round(amount * 100) * nanoUsdPerCent;
}

/** The line that lets a conversation on, as the answers to refused calls and the screens give it. */
export function letOnCommand(conversation: string, duration: '1h' | 'good' = '1h'): string {
  return `tollkeeper allow ${quoted(conversation)} --for ${duration}`;
}

/** For a POSIX shell and PowerShell alike; a name may hold spaces. */
function quoted(text: string): string {
  return /^[\w./@:-]+$/.test(text) ? text : `'${text.replaceAll("'", '’')}'`;
}
