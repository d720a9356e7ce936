/** What the limits go on from after a start, as the ledger tells it (main/ledger/read-limits.ts). Pure. */
import type { BudgetWarningRow, ConversationWarning } from '../../shared/contract/limits-view.ts';
import { contextCountsOf } from '../../shared/prompt-estimate.ts';
import type { TokenCounts, Usage } from '../../shared/usage.ts';
import type { PastTurn } from './limits.ts';
import type { KeptParent } from './parents.ts';
import type { BudgetSums } from './spend-again.ts';

export type KeptWarning = ConversationWarning & { readonly conversation: string };

/** Of the budget of this day or month, in the team's zone. */
export type KeptBudgetWarning = BudgetWarningRow & { readonly period: string };

export type LimitsStart = BudgetSums & {
  /** Oldest first. */
  readonly turns: readonly TurnRow[];
  readonly warnings: readonly KeptWarning[];
  /** Of this month and the one before, the oldest first. */
  readonly budgetWarnings: readonly KeptBudgetWarning[];
  readonly parents: readonly KeptParent[];
  /** JSON; null at the very first start. */
  readonly memory: string | null;
};

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

export function pastTurn({ conversation, project, requestedModel, usage, ...row }: TurnRow): PastTurn {
  const { startedAtMs, endedAtMs, costNanoUsd, ...counts } = row;
  return {
    conversation,
    project,
    turn: {
      startedAtMs,
      endedAtMs,
      model: requestedModel,
      counts: usage === null ? counts : contextCountsOf(usage),
      costNanoUsd,
      // Its body is gone: the next turn is estimated by the rule.
      tokensByRule: 0,
      changed: { system: false, tools: false, history: false },
    },
  };
}
