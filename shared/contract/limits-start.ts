/** What the limits go on from after a start: what the ledger keeps for them, and tells them. Types only; both sides are given it here, since neither knows the other. */
import type { Attribution } from '../call.ts';
import type { TokenCounts, Usage } from '../usage.ts';
import type { BudgetWarningRow, ConversationWarning } from './limits-view.ts';

type Who = Pick<Attribution, 'member' | 'project' | 'customer'>;

/** One row of the ledger's rollups: what one attribution spent on one day. */
export type DaySpend = Who & { readonly day: string; readonly costNanoUsd: number };

/** What is reserved for a batch in the budgets: of what it is expected to cost, the part of its requests that may still be billed. */
export type ReservedBatch = Who & {
  readonly id: string;
  readonly submittedAtMs: number;
  readonly expectedNanoUsd: number;
};

/** What bears on the budgets, as the ledger has it at one moment. */
export type BudgetSums = { readonly spend: readonly DaySpend[]; readonly batches: readonly ReservedBatch[] };

export type KeptWarning = ConversationWarning & { readonly conversation: string };

/** Of the budget of this day or month, in the team's zone. */
export type KeptBudgetWarning = BudgetWarningRow & { readonly period: string };

export type KeptParent = { readonly conversation: string; readonly parent: string };

/** A turn of the last hour. */
export type TurnRow = TokenCounts & {
  readonly conversation: string;
  readonly project: string | null;
  readonly requestedModel: string | null;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly costNanoUsd: number | null;
  /** Where it had passes of its own. */
  readonly usage: Usage | null;
};

export type LimitsStart = BudgetSums & {
  /** The oldest first, as everywhere here. */
  readonly turns: readonly TurnRow[];
  readonly warnings: readonly KeptWarning[];
  /** Of this month and the one before. */
  readonly budgetWarnings: readonly KeptBudgetWarning[];
  readonly parents: readonly KeptParent[];
  /** What they have learnt, as JSON; null before the first engine that had limits. */
  readonly memory: string | null;
};
