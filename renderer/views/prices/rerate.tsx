/** Pricing past calls again: first a trial that changes nothing, then, if a person wants what it told, the same for good. */
import { useState } from 'react';

import { rerateSentence } from '../../../shared/pricing/rerate-words.ts';
import { plural } from '../../components/count.tsx';
import { Failed } from '../../components/states.tsx';
import type { RerateRange } from '../../data/api.ts';
import { useRerate } from '../../data/queries.ts';

export function Rerate() {
  const [range, setRange] = useState<RerateRange>({ from: null, to: null });
  const steps = useSteps(range);
  const change = (name: 'from' | 'to', value: string) => {
    setRange({ ...range, [name]: value === '' ? null : value });
    // What a trial of other days told is no promise for these.
    steps.forget();
  };
  return (
    <form
      className="rounded-card border border-line bg-surface px-4 py-3"
      aria-label="Price past calls again"
      onSubmit={(event) => event.preventDefault()}
    >
      <p className="mb-3 text-[13px] text-dim">
        Price past calls again by the book in force, after an update or a new price file. A trial changes nothing. Each
        corrected call keeps its old figure beside the new one; what Stripe was told already becomes a difference to
        settle.
      </p>
      <div className="flex flex-wrap items-end gap-3">
        <Day name="from" value={range.from} change={change} />
        <Day name="to" value={range.to} change={change} />
        <Buttons steps={steps} isAll={range.from === null && range.to === null} />
      </div>
      <p role="status" className="mt-3 text-[13px] empty:hidden">
        {steps.answer ? rerateSentence(steps.answer) : ''}
      </p>
      {steps.error ? <Failed error={steps.error} /> : null}
    </form>
  );
}

type Steps = ReturnType<typeof useSteps>;

function useSteps(range: RerateRange) {
  const trial = useRerate();
  const rerate = useRerate();
  const forget = () => {
    trial.reset();
    rerate.reset();
  };
  return {
    forget,
    tryIt: () => {
      forget();
      trial.mutate({ ...range, isTrial: true });
    },
    doIt: () => rerate.mutate({ ...range, isTrial: false }),
    isTrying: trial.isPending,
    isDoing: rerate.isPending,
    answer: rerate.data ?? trial.data,
    error: rerate.error ?? trial.error,
  };
}

function Buttons({ steps, isAll }: { readonly steps: Steps; readonly isAll: boolean }) {
  const { answer, isTrying, isDoing } = steps;
  const toChange = answer?.isTrial === true ? answer.changed : 0;
  return (
    <>
      <button type="button" className="control" disabled={isTrying || isDoing} onClick={steps.tryIt}>
        {isTrying ? 'Trying…' : isAll ? 'Try with all calls' : 'Try with these days'}
      </button>
      {toChange > 0 ? (
        <button
          type="button"
          className="control border-accent! text-accent!"
          disabled={isTrying || isDoing}
          onClick={steps.doIt}
        >
          {isDoing ? 'Pricing…' : `Price ${plural(toChange, 'call')} again`}
        </button>
      ) : null}
    </>
  );
}

type DayProps = {
  readonly name: 'from' | 'to';
  readonly value: string | null;
  readonly change: (name: 'from' | 'to', value: string) => void;
};

function Day({ name, value, change }: DayProps) {
  return (
    <label className="flex flex-col gap-1 text-xs text-faint">
      <span className="capitalize">{name}</span>
      <input
        type="date"
        className="control"
        value={value ?? ''}
        onChange={({ target }) => change(name, target.value)}
      />
    </label>
  );
}
