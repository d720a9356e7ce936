/**
 * Tells of the steps that budgets reach: on the screen, to the host, and to the ledger, which keeps what was told so that no step is told twice. Those that a
 * call reaches are handed in; all others (an import, a batch's results, a correction, an assignment, other rules) are looked for when it is asked.
 */
import type { Clock } from '../system/clock.ts';
import { budgetWarningRow } from './budget-rows.ts';
import type { BudgetWarning } from './budgets.ts';
import type { Limits } from './limits.ts';
import type { KeptBudgetWarning } from '../../shared/contract/limits-start.ts';
import type { Seen } from './seen.ts';

export type BudgetSteps = {
  readonly tell: (warnings: readonly BudgetWarning[]) => void;
  readonly tellUntold: () => void;
};

export type BudgetStepsOptions = {
  readonly limits: Pick<Limits, 'untoldSteps'>;
  readonly seen: Pick<Seen, 'budgetWarned'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly keep: (warnings: readonly KeptBudgetWarning[]) => Promise<void>;
  readonly onNotice: (sentence: string) => void;
  readonly onFailure: (sentence: string) => void;
};

export function createBudgetSteps(options: BudgetStepsOptions): BudgetSteps {
  const { limits, seen, clock } = options;

  function tell(warnings: readonly BudgetWarning[]): void {
    if (warnings.length === 0) return;
    const atMs = clock.nowMs();
    const kept = warnings.map((warning) => ({ ...budgetWarningRow(warning, atMs), period: warning.period }));
    for (const warning of kept) {
      seen.budgetWarned(warning);
      options.onNotice(warning.sentence);
    }
    options
      .keep(kept)
      .catch(() =>
        options.onFailure('A warning of a budget could not be kept, since the ledger refuses; it is on the screen.'),
      );
  }

  return { tell, tellUntold: () => tell(limits.untoldSteps(clock.nowMs())) };
}
