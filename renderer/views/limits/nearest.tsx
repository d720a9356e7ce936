/** The figure of the Limits screen: what is left of the budget that is nearest to its end; where there is none, how long a prompt may be. */
import type { BudgetRow, LimitsView } from '../../../shared/contract/limits-view.ts';
import { tokensInWords } from '../../../shared/plain-words.ts';
import { Money } from '../../components/money.tsx';
import { formatTime } from '../../components/time.tsx';
import { useZone } from '../../components/zone.tsx';
import { budgetShares, perWords, whoseBudget } from './limits-words.ts';

const figure = 'text-4xl leading-tight font-[580] tracking-[-0.025em]';

export function Nearest({ limits }: { readonly limits: LimitsView }) {
  const [fullest] = limits.budgets;
  if (fullest) return <Left budget={fullest} />;
  const { contextLimitTokens } = limits.rules;
  return (
    <section aria-label="What holds" className="mb-6">
      <div className={figure}>
        {contextLimitTokens === null ? 'No limit' : `${contextLimitTokens.toLocaleString('en-US')} tokens`}
      </div>
      <p className="mt-1 text-dim">
        {contextLimitTokens === null
          ? 'Neither a context limit nor a budget is set.'
          : `is as much as a prompt may hold, ${tokensInWords(contextLimitTokens)}. No budget is set or spent from.`}
      </p>
    </section>
  );
}

function Left({ budget }: { readonly budget: BudgetRow }) {
  const zone = useZone();
  const { leftNanoUsd, percent } = budgetShares(budget);
  const reset = `${formatTime(budget.resetsAtMs, 'day', zone)} ${formatTime(budget.resetsAtMs, 'minute', zone)} ${zone}`;
  return (
    <section aria-label="Nearest budget" className="mb-6">
      <div className={figure} data-testid="budget-left">
        <Money nano={leftNanoUsd} /> left
      </div>
      <p className="mt-1 max-w-[84ch] text-dim">
        of the <Money nano={budget.limitNanoUsd} /> {perWords(budget)} of {whoseBudget(budget)}, the budget nearest to
        its end: {percent} % is spent.{' '}
        {percent >= 100
          ? `Calls that fall under it are stopped until ${reset}, unless it is raised or a conversation is let on.`
          : `It begins anew on ${reset}.`}
      </p>
    </section>
  );
}
