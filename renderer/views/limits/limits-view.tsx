/** Limits: what is nearest to its end, every budget with what is left, the rules as sentences or as a form, and who was let on. */
import { Link } from 'wouter';

import { Failed, Loading, Notice } from '../../components/states.tsx';
import { UnpricedNotice } from '../../components/unpriced-notice.tsx';
import { callsLink } from '../../data/links.ts';
import { useLimits, useMonth } from '../../data/queries.ts';
import { BudgetTable } from './budget-table.tsx';
import { LetOnList } from './let-on-list.tsx';
import { Nearest } from './nearest.tsx';
import { RulesSection } from './rules-section.tsx';

export function LimitsView() {
  const { data: limits, error } = useLimits();
  return (
    <>
      <h1 className="mb-2">Limits</h1>
      {error ? <Failed error={error} /> : null}
      {limits ? (
        <>
          {error ? <Notice>The figures below are from before.</Notice> : null}
          <Nearest limits={limits} />
          <section aria-labelledby="budgets" className="mb-7">
            <h2 id="budgets" className="mb-2.5">
              Budgets
            </h2>
            {limits.budgets.length === 0 ? (
              <p className="text-dim">None is set, or nobody it is for has spent anything yet. Set one below.</p>
            ) : (
              <>
                <BudgetTable budgets={limits.budgets} budgetCount={limits.budgetCount} />
                <Unpriced />
              </>
            )}
          </section>
          <RulesSection limits={limits} />
          <LetOnList letOn={limits.letOn} />
          <section aria-labelledby="refused" className="mb-7">
            <h2 id="refused" className="mb-1">
              Stopped calls
            </h2>
            <p>
              A stopped call costs nothing and stays in the ledger with what it would have cost.{' '}
              <Link href={callsLink({ status: 'refused' })} className="text-accent underline underline-offset-2">
                Show them
              </Link>
            </p>
          </section>
        </>
      ) : error ? null : (
        <Loading what="the limits" />
      )}
    </>
  );
}

/** What is spent of a budget holds only what has a price. */
function Unpriced() {
  const { data: month } = useMonth(undefined, 'model');
  if (!month || month.total.unpricedCalls === 0) return null;
  return (
    <div className="mt-4">
      <UnpricedNotice month={month.month} calls={month.total.unpricedCalls} />
    </div>
  );
}
