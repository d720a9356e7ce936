/** A budget as a bar: spent, then what calls on their way have reserved in hatching, then room. The percent stands beside it. */
import type { BudgetRow } from '../../../shared/contract/limits-view.ts';
import { budgetShares, budgetStanding, perWords, whoseBudget } from './limits-words.ts';

const fills = { plain: 'bg-series-1', well: 'bg-series-1', look: 'bg-series-3', stopped: 'bg-stop' } as const;

export function BudgetBar({ budget }: { readonly budget: BudgetRow }) {
  const { spent, reserved, percent } = budgetShares(budget);
  const { tone, word } = budgetStanding(budget);
  return (
    <span className="flex items-center gap-2.5 max-[720px]:w-[60%]">
      <span
        role="meter"
        aria-label={`Budget of ${whoseBudget(budget)}, ${perWords(budget)}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, percent)}
        aria-valuetext={`${percent} % spent, ${word}`}
        className="flex h-2 min-w-16 grow overflow-hidden rounded-full bg-sunk"
      >
        <i className={`h-full ${fills[tone]}`} style={{ width: `${spent}%` }} />
        <i className="hatched h-full" style={{ width: `${reserved}%` }} />
      </span>
      <span className="min-w-[6ch] flex-none text-right">{percent} %</span>
    </span>
  );
}
