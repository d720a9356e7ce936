/**
 * A change of the limits while a person makes it: every field as it was typed, so that what is not an amount yet is kept too, and the settings it comes to.
 * Pure. `checkDraft` says what is wrong by the key of its field ("budgets.2.usd"), in the words of the API.
 */
import { checkLimits, type LimitsInFile } from '../../shared/contract/limits-settings.ts';
import type { FieldProblem } from '../../shared/contract/errors.ts';
import type { BudgetKind, BudgetPeriod } from '../../shared/contract/limits.ts';
import { readTokens, readUsd } from '../../shared/read-amount.ts';

/** `kind` none: no limit. `all`: as for all, in a project. */
export type Figure = { readonly kind: 'amount' | 'none' | 'all'; readonly text: string };

export type BudgetDraft = {
  /** Of the row, for as long as it is drawn. */
  readonly id: number;
  readonly of: BudgetKind;
  /** False: each one of the kind has one of this size. */
  readonly isOne: boolean;
  readonly name: string;
  readonly per: BudgetPeriod;
  readonly usd: string;
};

export type ProjectDraft = {
  readonly id: number;
  readonly name: string;
  readonly contextLimitTokens: Figure;
  readonly callCeilingUsd: Figure;
};

export const switchNames = ['cutsMidStream', 'drainOnAbort', 'hasWarningHeader', 'asksCountTokens'] as const;
export type SwitchName = (typeof switchNames)[number];

export type LimitsDraft = {
  readonly contextLimitTokens: Figure;
  readonly callCeilingUsd: Figure;
  readonly budgets: readonly BudgetDraft[];
  readonly projects: readonly ProjectDraft[];
  readonly switches: Readonly<Record<SwitchName, boolean>>;
  readonly nextId: number;
};

export function draftOf({ limits, drainOnAbort }: LimitsInFile): LimitsDraft {
  const { contextLimitTokens, callCeilingUsd, cutsMidStream, hasWarningHeader, asksCountTokens } = limits;
  const projects = Object.entries(limits.projects);
  return {
    contextLimitTokens: figureOf(contextLimitTokens, tokensAsTyped),
    callCeilingUsd: figureOf(callCeilingUsd, usdAsTyped),
    budgets: limits.budgets.map(({ of, name, per, usd }, index) => ({
      id: index,
      of,
      isOne: name !== null,
      name: name ?? '',
      per,
      usd: usdAsTyped(usd),
    })),
    projects: projects.map(([name, own], index) => ({
      id: limits.budgets.length + index,
      name,
      contextLimitTokens: figureOf(own.contextLimitTokens, tokensAsTyped),
      callCeilingUsd: figureOf(own.callCeilingUsd, usdAsTyped),
    })),
    switches: { cutsMidStream, drainOnAbort, hasWarningHeader, asksCountTokens },
    nextId: limits.budgets.length + projects.length,
  };
}

function figureOf(value: number | null | undefined, typed: (value: number) => string): Figure {
  if (value === undefined) return { kind: 'all', text: '' };
  return value === null ? { kind: 'none', text: '' } : { kind: 'amount', text: typed(value) };
}

export function tokensAsTyped(tokens: number): string {
  return tokens.toLocaleString('en-US');
}

export function usdAsTyped(usd: number): string {
  return usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

export function withBudgetAdded(draft: LimitsDraft): LimitsDraft {
  const added = { id: draft.nextId, of: 'member', isOne: false, name: '', per: 'day', usd: '' } as const;
  return { ...draft, budgets: [...draft.budgets, added], nextId: draft.nextId + 1 };
}

export function withProjectAdded(draft: LimitsDraft): LimitsDraft {
  const asForAll: Figure = { kind: 'all', text: '' };
  const added = { id: draft.nextId, name: '', contextLimitTokens: asForAll, callCeilingUsd: asForAll };
  return { ...draft, projects: [...draft.projects, added], nextId: draft.nextId + 1 };
}

/** The key of a field → a sentence and what to do. */
export type FieldProblems = Readonly<Record<string, string>>;

export type DraftCheck =
  | { readonly kind: 'valid'; readonly settings: LimitsInFile }
  | { readonly kind: 'invalid'; readonly problems: FieldProblems };

export function checkDraft(draft: LimitsDraft): DraftCheck {
  const check = checkLimits(wishOf(draft));
  const problems = {
    ...(check.kind === 'invalid' ? problemsByField(draft, check.problems) : {}),
    ...namedTwice(draft),
  };
  return check.kind === 'valid' && Object.keys(problems).length === 0
    ? { kind: 'valid', settings: check.settings }
    : { kind: 'invalid', problems };
}

/** Where the engine finds fault with what was sent. */
export function problemsByField(draft: LimitsDraft, problems: readonly FieldProblem[]): FieldProblems {
  return Object.fromEntries(
    problems.map(({ path, message, remedy }) => [fieldOf(draft, path), `${message} ${remedy}`] as const),
  );
}

/** "limits.projects.webshop.callCeilingUsd" is the second project's second field here. */
function fieldOf(draft: LimitsDraft, path: FieldProblem['path']): string {
  const [first, second, third, ...rest] = path;
  if (first !== 'limits') return String(first);
  if (second !== 'projects') return [second, third, ...rest].filter((step) => step !== undefined).join('.');
  const index = draft.projects.findIndex(({ name }) => name.trim() === third || name === third);
  return ['projects', index, rest[0] ?? 'name'].join('.');
}

/** Settings hold a project once; of two drawn rows one would be lost in silence. */
function namedTwice({ projects }: LimitsDraft): FieldProblems {
  const names = projects.map(({ name }) => name.trim());
  return Object.fromEntries(
    names.flatMap((name, index) =>
      name !== '' && names.indexOf(name) < index
        ? [[`projects.${index}.name`, `${name} is named above already. Change it there, or remove this.`] as const]
        : [],
    ),
  );
}

/** What cannot be read becomes NaN, which no setting is, so that it is told like every other fault. */
function wishOf({ contextLimitTokens, callCeilingUsd, budgets, projects, switches }: LimitsDraft): unknown {
  const { drainOnAbort, ...others } = switches;
  return {
    limits: {
      contextLimitTokens: valueOf(contextLimitTokens, readTokens),
      callCeilingUsd: valueOf(callCeilingUsd, readUsd),
      budgets: budgets.map(({ of, isOne, name, per, usd }) => ({
        of,
        name: isOne && of !== 'team' ? name.trim() : null,
        per,
        usd: readUsd(usd) ?? Number.NaN,
      })),
      projects: Object.fromEntries(
        projects.map((own) => [
          own.name.trim(),
          {
            ...(own.contextLimitTokens.kind === 'all'
              ? {}
              : { contextLimitTokens: valueOf(own.contextLimitTokens, readTokens) }),
            ...(own.callCeilingUsd.kind === 'all' ? {} : { callCeilingUsd: valueOf(own.callCeilingUsd, readUsd) }),
          },
        ]),
      ),
      ...others,
    },
    drainOnAbort,
  };
}

function valueOf({ kind, text }: Figure, read: (text: string) => number | null): number | null {
  return kind === 'none' ? null : (read(text) ?? Number.NaN);
}

/** Whether anything would change. */
export function isChanged(draft: LimitsDraft, inFile: LimitsInFile): boolean {
  const bare = ({ nextId: _id, ...rest }: LimitsDraft) =>
    JSON.stringify(rest, (key, value: unknown) => (key === 'id' ? undefined : value));
  return bare(draft) !== bare(draftOf(inFile));
}
