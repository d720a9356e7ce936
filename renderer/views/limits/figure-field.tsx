/** A limit as a figure to type: its unit, whether there is one at all, its sentence, what is wrong with it; or whose word it is where it is not changed here. */
import { useId } from 'react';

import type { Figure } from '../../data/limits-draft.ts';
import { described, FieldError } from './field-error.tsx';

type FigureFieldProps = {
  readonly label: string;
  readonly unit: '$' | 'tokens';
  readonly figure: Figure;
  readonly set: (figure: Figure) => void;
  /** The word for none of it: "no limit". */
  readonly none: string;
  readonly sentence: string;
  readonly error: string | undefined;
  /** The variable that says it, and what it says. */
  readonly setBy: { readonly variable: string; readonly value: string } | null;
};

export function FigureField({ label, unit, figure, set, none, sentence, error, setBy }: FigureFieldProps) {
  const id = useId();
  return (
    <div className="grid items-baseline gap-x-5 gap-y-1 border-b border-line py-2.5 min-[721px]:grid-cols-[9rem_21rem_1fr]">
      <label htmlFor={id} className="font-[550]">
        {label}
      </label>
      {setBy === null ? (
        <div>
          <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <AmountInput id={id} unit={unit} figure={figure} set={set} error={error} sentenceId={`${id}-words`} />
            <label className="ml-1 inline-flex min-h-7 items-center gap-1.5 text-[13px] text-dim">
              <input
                type="checkbox"
                className="size-4 accent-(--accent)"
                checked={figure.kind === 'none'}
                onChange={({ target }) => set({ ...figure, kind: target.checked ? 'none' : 'amount' })}
              />
              {none}
            </label>
          </div>
          <FieldError id={`${id}-error`} text={error} />
        </div>
      ) : (
        <output id={id} className="font-[550]">
          {setBy.value}
        </output>
      )}
      <p id={`${id}-words`} className="text-[13px] text-dim">
        {setBy === null ? sentence : `Set by ${setBy.variable}, which wins over the settings file; change it there.`}
      </p>
    </div>
  );
}

type AmountInputProps = {
  readonly id: string;
  readonly unit: '$' | 'tokens';
  readonly figure: Figure;
  readonly set: (figure: Figure) => void;
  readonly error: string | undefined;
  readonly sentenceId: string | null;
  readonly label?: string;
};

/** The figures of all fields end at one line. */
export function AmountInput({ id, unit, figure, set, error, sentenceId, label }: AmountInputProps) {
  return (
    <>
      {unit === '$' ? (
        <span aria-hidden="true" className="-mr-1 text-dim">
          $
        </span>
      ) : null}
      <input
        id={id}
        className={`control text-right ${unit === '$' ? 'w-28' : 'w-[7.75rem]'}`}
        inputMode={unit === '$' ? 'decimal' : 'numeric'}
        autoComplete="off"
        aria-label={label}
        disabled={figure.kind !== 'amount'}
        value={figure.kind === 'amount' ? figure.text : ''}
        {...described([error === undefined ? null : `${id}-error`, sentenceId], error !== undefined)}
        onChange={({ target }) => set({ kind: 'amount', text: target.value })}
      />
      {unit === 'tokens' ? <span className="text-[13px] text-dim">tokens</span> : null}
    </>
  );
}
