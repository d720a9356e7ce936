/** The metering plan: what Stripe is told in a plain sentence, since when, what comes next, what was before, and the way to change it. */
import { useState } from 'react';

import type { DatedPlan } from '../../../shared/contract/plan.ts';
import { planKindWords, planSentence } from '../../../shared/plan-words.ts';
import { Failed, Notice } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { usePlan } from '../../data/queries.ts';
import { PlanEditor } from './plan-editor.tsx';

export function PlanSection() {
  const { data: view, error } = usePlan();
  const [isChanging, setChanging] = useState(false);
  if (!view) return error ? <Failed error={error} /> : null;
  const { inForce, next, plans, trouble } = view;
  const earlier = plans.filter(({ fromMs }) => fromMs < inForce.fromMs);
  return (
    <section className="mb-6" aria-labelledby="plan">
      <h2 id="plan" className="mb-1">
        What Stripe is told · {planKindWords[inForce.plan.kind]}
      </h2>
      {error ? <Failed error={error} /> : null}
      {trouble === null ? null : (
        <Notice tone="stopped">
          {trouble.message} The plan in force stays as it was. {trouble.remedy}
        </Notice>
      )}
      <p className="max-w-[92ch] text-dim" data-testid="plan-sentence">
        {planSentence(inForce.plan)} <Since dated={inForce} />
      </p>
      {next === null ? null : (
        <Notice>
          From <FromMinute at={next.fromMs} /> on: {planSentence(next.plan)}
        </Notice>
      )}
      {isChanging ? (
        <PlanEditor view={view} close={() => setChanging(false)} />
      ) : (
        <button
          type="button"
          className="control mt-2.5"
          disabled={view.inFile === null}
          onClick={() => setChanging(true)}
        >
          Change the plan…
        </button>
      )}
      {earlier.length === 0 ? null : <Earlier plans={earlier} />}
    </section>
  );
}

function Since({ dated: { fromMs } }: { readonly dated: DatedPlan }) {
  if (fromMs === 0) return <>In force from the beginning.</>;
  return (
    <>
      In force since <FromMinute at={fromMs} />.
    </>
  );
}

function FromMinute({ at }: { readonly at: number }) {
  return (
    <>
      <Time at={at} kind="day" />, <Time at={at} kind="minute" />
    </>
  );
}

function Earlier({ plans }: { readonly plans: readonly DatedPlan[] }) {
  return (
    <details className="mt-3 text-[13px] text-dim">
      <summary className="cursor-pointer">Plans before · {plans.length}</summary>
      <p className="mt-1.5">Calls that started under one of them are counted under it, however late they come.</p>
      <ul className="mt-1.5 grid gap-1.5">
        {plans.toReversed().map(({ seq, fromMs, plan }) => (
          <li key={seq}>
            {fromMs === 0 ? 'From the beginning' : <FromMinute at={fromMs} />}: {planSentence(plan)}
          </li>
        ))}
      </ul>
    </details>
  );
}
