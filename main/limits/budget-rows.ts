/** Budgets in the words of the API: how full each is, and the sentence when one reaches a step. Pure. */
import { budgetWarningPercents, type BudgetRow, type BudgetWarningRow } from '../../shared/contract/limits-view.ts';
import type { BudgetKind, BudgetPeriod } from '../../shared/contract/limits.ts';
import { formatUsd } from '../../shared/money.ts';
import { dayStartMs } from '../../shared/period.ts';
import { resetDayOf } from './budget-period.ts';
import type { BudgetAccount, BudgetWarning } from './budgets.ts';
import type { AccountSums } from './reservation-book.ts';

type AccountWithSums = BudgetAccount & { readonly sums: AccountSums };

/** The fullest first. */
export function budgetRows(accounts: readonly AccountWithSums[], day: string, timeZone: string): BudgetRow[] {
  const resetsAtMs = {
    day: dayStartMs(resetDayOf('day', day), timeZone),
    month: dayStartMs(resetDayOf('month', day), timeZone),
  } satisfies Record<BudgetPeriod, number>;
  return accounts
    .map(({ budget: { of, per }, whose, limitNanoUsd, sums }) => ({
      of,
      whose,
      per,
      limitNanoUsd,
      ...sums,
      warnedPercent: stepOf(sums.spentNanoUsd, limitNanoUsd),
      resetsAtMs: resetsAtMs[per],
    }))
    .toSorted((a, b) => b.spentNanoUsd / b.limitNanoUsd - a.spentNanoUsd / a.limitNanoUsd);
}

function stepOf(spentNanoUsd: number, limitNanoUsd: number): BudgetRow['warnedPercent'] {
  return budgetWarningPercents.findLast((percent) => spentNanoUsd * 100 >= limitNanoUsd * percent) ?? 0;
}

export function budgetWarningRow({ account, percent, spentNanoUsd }: BudgetWarning, atMs: number): BudgetWarningRow {
  const { whose, limitNanoUsd } = account;
  const { of, per } = account.budget;
  const sentence = `${percent} % of the ${periodWord[per]} budget of ${whoseWord(of, whose)} is spent: ${formatUsd(spentNanoUsd)} of ${formatUsd(limitNanoUsd)}.`;
  return { of, whose, per, limitNanoUsd, spentNanoUsd, percent, sentence, atMs };
}

const periodWord: Readonly<Record<BudgetPeriod, string>> = { day: 'daily', month: 'monthly' };

function whoseWord(of: BudgetKind, whose: string | null): string {
  return of === 'team' ? 'the team' : `the ${of} ${whose ?? ''}`;
}
