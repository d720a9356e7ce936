/**
 * Reading and replacing the settings of the limits (`GET` and `PUT /api/limits/settings`), and what is wrong with what somebody gave: a sentence and what to
 * do for each field, the same on the screen, in the API and in the command. Pure.
 *
 * What the settings file says and what is in force can differ: a variable of the environment wins over the file, is shown with its name and is changed there.
 */
import { z } from 'zod';

import type { FieldProblem } from './errors.ts';
import { limitsSettingsSchema, type BudgetKind } from './limits.ts';

/** As they stand in the settings file. */
export const limitsInFileSchema = z.strictObject({
  limits: limitsSettingsSchema,
  /** Read an answer to its end when its client leaves. */
  drainOnAbort: z.boolean(),
});
export type LimitsInFile = z.infer<typeof limitsInFileSchema>;

export const overridableLimits = ['contextLimitTokens', 'callCeilingUsd', 'drainOnAbort'] as const;
export type OverridableLimit = (typeof overridableLimits)[number];

export const limitsSettingsViewSchema = z.object({
  /** Its path, for whoever edits it by hand. */
  file: z.string(),
  /** Null where the file cannot be used; what is in force then is from before. */
  inFile: limitsInFileSchema.nullable(),
  inForce: limitsInFileSchema,
  /** What wins over the file, by the variable that says it. */
  setBy: z.partialRecord(z.enum(overridableLimits), z.string()),
  /** Of `inFile`: given back with a change, it keeps two people from undoing each other's. Null where the file cannot be used. */
  revision: z.string().nullable(),
  /** Why the file cannot be used, and what to do. */
  trouble: z.object({ message: z.string(), remedy: z.string() }).nullable(),
});
export type LimitsSettingsView = z.infer<typeof limitsSettingsViewSchema>;

/** `revision` null replaces whatever is there. The settings are checked by `checkLimits`. */
export const changeLimitsSchema = z.strictObject({
  revision: z.string().nullable().default(null),
  settings: z.unknown(),
});

export type LimitsCheck =
  | { readonly kind: 'valid'; readonly settings: LimitsInFile }
  | { readonly kind: 'invalid'; readonly problems: readonly FieldProblem[] };

/** Everything that is wrong with it. A key that is left out is wrong too: it would become its default in silence. */
export function checkLimits(value: unknown): LimitsCheck {
  const missing = missingKeys(value);
  const parsed = limitsInFileSchema.safeParse(value);
  const found = parsed.success ? twice(parsed.data) : parsed.error.issues.flatMap(problemsOf);
  const problems = oncePerField([...missing, ...found]);
  return parsed.success && problems.length === 0
    ? { kind: 'valid', settings: parsed.data }
    : { kind: 'invalid', problems };
}

/** An amount may break two rules at once; its field needs one sentence. */
function oncePerField(problems: readonly FieldProblem[]): FieldProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem.path), problem])).values()];
}

function missingKeys(value: unknown): FieldProblem[] {
  const limits: unknown = value instanceof Object && 'limits' in value ? value.limits : undefined;
  if (!(limits instanceof Object)) return [];
  return Object.keys(limitsSettingsSchema.shape)
    .filter((key) => !Object.hasOwn(limits, key))
    .map((key) => ({ path: ['limits', key], message: `${key} is left out.`, remedy: 'Give every key that is shown.' }));
}

/** Two budgets of the same for the same: the smaller would hold, and nobody could tell which was meant. */
function twice({ limits: { budgets } }: LimitsInFile): FieldProblem[] {
  const seen = new Set<string>();
  return budgets.flatMap(({ of, name, per }, index) => {
    const key = JSON.stringify([of, name, per]);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const message = `There is a budget per ${per} of ${budgetOwner(of, name)} already.`;
    return [{ path: ['limits', 'budgets', index, 'name'], message, remedy: 'Change that one, or remove this.' }];
  });
}

/** "the team", "each member", "the project webshop". */
export function budgetOwner(of: BudgetKind, name: string | null): string {
  if (of === 'team') return 'the team';
  return name === null ? `each ${of}` : `the ${of} ${name}`;
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue): FieldProblem[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `There is no setting ${key}.`,
      remedy: 'Take it away, or correct its name.',
    }));
  // The team with a name: the only rule about a whole budget.
  if (issue.code === 'custom') return [{ path: [...path, 'name'], ...teamWithName }];
  return [{ path, ...wordsFor(path, issue) }];
}

type Words = Pick<FieldProblem, 'message' | 'remedy'>;

const amount: Words = {
  message: 'This is no amount from $0.01 to $1,000,000 in dollars and whole cents.',
  remedy: 'Give one such as 12.50.',
};

const teamWithName: Words = {
  message: 'The budget of the team takes no name.',
  remedy: 'Leave the name out, or choose another owner.',
};

const byField: Readonly<Record<string, Words>> = {
  contextLimitTokens: {
    message: 'A context limit is a whole number from 1,000 to 10,000,000 tokens.',
    remedy: 'Give one such as 150,000, or no limit.',
  },
  callCeilingUsd: { message: amount.message, remedy: `${amount.remedy.slice(0, -1)}, or no ceiling.` },
  usd: amount,
  name: { message: 'A name has 1 to 100 characters.', remedy: 'Give one such as alice, or none for each one.' },
  of: { message: 'A budget is of the team, a member, a project or a customer.', remedy: 'Choose one of them.' },
  per: { message: 'A budget is per day or per month.', remedy: 'Choose one of them.' },
  budgets: { message: 'There can be 500 budgets and no more.', remedy: 'Set one for each member or project instead.' },
};

function wordsFor(path: readonly (string | number)[], issue: Issue): Words {
  const last = path.at(-1);
  if (path.length === 3 && path[1] === 'projects' && issue.code === 'invalid_key')
    return { message: 'The name of a project has 1 to 100 characters.', remedy: 'Give the name that its calls carry.' };
  if (typeof last === 'string' && Object.hasOwn(byField, last)) return byField[last] ?? amount;
  if (typeof last === 'string' && switches.includes(last))
    return { message: `${last} is neither on nor off.`, remedy: 'Give true or false.' };
  return { message: `This cannot be used: ${issue.message}.`, remedy: 'Give it the shape in which it is shown.' };
}

const switches = ['asksCountTokens', 'hasWarningHeader', 'cutsMidStream', 'drainOnAbort'];
