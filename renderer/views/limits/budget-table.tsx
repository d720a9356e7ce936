/** Budgets with what is spent, spoken for and left, the fullest first; numbers aligned, a bar for the eye, a word for what the colour says. */
import type { BudgetRow } from '../../../shared/contract/limits-view.ts';
import { plural } from '../../components/count.tsx';
import { Money, totalDecimals } from '../../components/money.tsx';
import { Tag } from '../../components/tag.tsx';
import { Time } from '../../components/time.tsx';
import { BudgetBar } from './budget-bar.tsx';
import { budgetShares, budgetStanding, whoseBudget } from './limits-words.ts';

type BudgetTableProps = { readonly budgets: readonly BudgetRow[]; readonly budgetCount: number };

const titles = ['Budget of', 'Per', 'Limit', 'Spent', 'Reserved', 'Left'] as const;
const numbersFrom = 2;

export function BudgetTable({ budgets, budgetCount }: BudgetTableProps) {
  return (
    <>
      <div className="framed">
        <table className="table stacks">
          <caption className="sr-only">Budgets of the running day and month, the fullest first</caption>
          <thead>
            <tr>
              {titles.map((title, index) => (
                <th key={title} scope="col" className={index >= numbersFrom ? 'number' : ''}>
                  {title}
                </th>
              ))}
              <th scope="col" className="min-[721px]:w-[24%]">
                Spent of it
              </th>
              <th scope="col">Resets</th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {budgets.map((budget) => (
              <Row key={JSON.stringify([budget.of, budget.whose, budget.per])} budget={budget} />
            ))}
          </tbody>
        </table>
      </div>
      {budgetCount > budgets.length ? (
        <p className="mt-2 text-[13px] text-dim">
          {plural(budgets.length, 'budget')} shown of {budgetCount.toLocaleString('en-US')}, the fullest.
        </p>
      ) : null}
    </>
  );
}

function Row({ budget }: { readonly budget: BudgetRow }) {
  const { tone, word } = budgetStanding(budget);
  return (
    <tr>
      <td data-label="Budget of" className="font-[550] min-[721px]:max-w-[28ch] min-[721px]:truncate">
        {whoseBudget(budget)}
      </td>
      <td data-label="Per">{budget.per}</td>
      <td data-label="Limit" className="number">
        <Money nano={budget.limitNanoUsd} />
      </td>
      <td data-label="Spent" className="number">
        <Money nano={budget.spentNanoUsd} decimals={totalDecimals(budget.spentNanoUsd)} />
      </td>
      <td data-label="Reserved" className="number">
        {budget.reservedNanoUsd === 0 ? (
          '–'
        ) : (
          <Money nano={budget.reservedNanoUsd} decimals={totalDecimals(budget.reservedNanoUsd)} />
        )}
      </td>
      <td data-label="Left" className="number">
        <Money nano={budgetShares(budget).leftNanoUsd} />
      </td>
      <td data-label="Spent of it">
        <BudgetBar budget={budget} />
      </td>
      <td data-label="Resets">
        <Time at={budget.resetsAtMs} kind="day" />
      </td>
      <td data-label="State">
        <Tag tone={tone}>{word}</Tag>
      </td>
    </tr>
  );
}
