/** Budgets to type: whose, per day or month, how much, what that means; added at the end, removed after one question. */
import { useId, useState } from 'react';

import type { BudgetRow } from '../../../shared/contract/limits-view.ts';
import type { BudgetKind, BudgetPeriod } from '../../../shared/contract/limits.ts';
import type { BudgetDraft, FieldProblems } from '../../data/limits-draft.ts';
import { focusOnce } from '../../components/focus-once.ts';
import { useFacets } from '../../data/queries.ts';
import { budgetWords } from './draft-words.ts';
import { described, FieldError } from './field-error.tsx';
import { RemoveRow } from './remove-row.tsx';

type BudgetFieldsProps = {
  readonly budgets: readonly BudgetDraft[];
  readonly problems: FieldProblems;
  /** What is spent of those that are in force. */
  readonly rows: readonly BudgetRow[];
  readonly set: (budgets: readonly BudgetDraft[]) => void;
  readonly add: () => void;
};

const columns = [
  { title: 'Budget of', className: 'min-[721px]:w-[24rem]' },
  { title: 'Per', className: 'min-[721px]:w-28' },
  { title: 'Amount', className: 'number min-[721px]:w-52' },
  { title: 'That is', className: '' },
  { title: 'Remove', className: 'min-[721px]:w-[13rem]' },
] as const;

export function BudgetFields({ budgets, problems, rows, set, add }: BudgetFieldsProps) {
  const names = useId();
  const { data: facets } = useFacets();
  const known: Readonly<Record<BudgetKind, readonly string[]>> = {
    team: [],
    member: facets?.members ?? [],
    project: facets?.projects ?? [],
    customer: [],
  };
  // The row that was added is where the next word is typed; those that were there leave the focus where it is.
  const [drawnFirst] = useState(() => new Set(budgets.map(({ id }) => id)));
  return (
    <>
      {budgets.length === 0 ? (
        <p className="py-2 text-dim">No budgets: only the context limit and the call ceiling hold.</p>
      ) : (
        <div className="framed">
          <table className="table stacks">
            <caption className="sr-only">Budgets to change</caption>
            <thead>
              <tr>
                {columns.map(({ title, className }) => (
                  <th key={title} scope="col" className={className}>
                    {title === 'Remove' ? <span className="sr-only">{title}</span> : title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {budgets.map((budget, index) => (
                <BudgetFieldsRow
                  key={budget.id}
                  budget={budget}
                  number={index + 1}
                  problems={{
                    name: problems[`budgets.${index}.name`],
                    usd: problems[`budgets.${index}.usd`],
                  }}
                  words={budgetWords(budget, rows)}
                  listId={`${names}-${budget.of}`}
                  isFocused={!drawnFirst.has(budget.id)}
                  set={(next) => set(budgets.map((one) => (one.id === budget.id ? next : one)))}
                  remove={() => set(budgets.filter(({ id }) => id !== budget.id))}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(['member', 'project'] as const).map((of) => (
        <datalist key={of} id={`${names}-${of}`}>
          {known[of].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      ))}
      <FieldError id={`${names}-all`} text={problems['budgets']} />
      <button type="button" className="control mt-2.5" onClick={add}>
        Add a budget
      </button>
    </>
  );
}

/** Whose it can be, as one choice. */
const owners = [
  ['team', 'the team'],
  ['member each', 'each member'],
  ['member', 'one member'],
  ['project each', 'each project'],
  ['project', 'one project'],
  ['customer each', 'each customer'],
  ['customer', 'one customer'],
] as const;

type RowProps = {
  readonly budget: BudgetDraft;
  readonly number: number;
  readonly problems: { readonly name: string | undefined; readonly usd: string | undefined };
  readonly words: string;
  readonly listId: string;
  readonly isFocused: boolean;
  readonly set: (budget: BudgetDraft) => void;
  readonly remove: () => void;
};

function BudgetFieldsRow({ budget, number, problems, words, listId, isFocused, set, remove }: RowProps) {
  const id = useId();
  const { of, isOne, name, per, usd } = budget;
  const which = `budget ${number}`;
  const owner = of === 'team' || isOne ? of : `${of} each`;
  const setOwner = (value: string) => {
    const [kind = 'team', each] = value.split(' ');
    set({ ...budget, of: kind as BudgetKind, isOne: kind !== 'team' && each === undefined });
  };
  return (
    <tr>
      <td data-label="Budget of" className="py-1.5">
        <div>
          <div className="flex flex-wrap items-center gap-2 max-[720px]:justify-end">
            <select
              className="control"
              aria-label={`Whose is ${which}`}
              ref={isFocused ? focusOnce : undefined}
              value={owner}
              onChange={({ target }) => setOwner(target.value)}
            >
              {owners.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
            {of === 'team' || !isOne ? null : (
              <input
                className="control w-36"
                aria-label={`Name of the ${of} of ${which}`}
                list={listId}
                maxLength={100}
                autoComplete="off"
                placeholder={of === 'customer' ? 'cus_…' : 'name'}
                value={name}
                {...described([problems.name === undefined ? null : `${id}-name`], problems.name !== undefined)}
                onChange={({ target }) => set({ ...budget, name: target.value })}
              />
            )}
          </div>
          <FieldError id={`${id}-name`} text={problems.name} />
        </div>
      </td>
      <td data-label="Per" className="py-1.5">
        <select
          className="control"
          aria-label={`Period of ${which}`}
          value={per}
          onChange={({ target }) => set({ ...budget, per: target.value as BudgetPeriod })}
        >
          <option value="day">day</option>
          <option value="month">month</option>
        </select>
      </td>
      <td data-label="Amount" className="number py-1.5">
        <div>
          <span aria-hidden="true" className="mr-1 text-dim">
            $
          </span>
          <input
            className="control w-28 text-right"
            aria-label={`Amount of ${which} in dollars`}
            inputMode="decimal"
            autoComplete="off"
            value={usd}
            {...described([problems.usd === undefined ? null : `${id}-usd`, `${id}-words`], problems.usd !== undefined)}
            onChange={({ target }) => set({ ...budget, usd: target.value })}
          />
          <FieldError id={`${id}-usd`} text={problems.usd} />
        </div>
      </td>
      <td
        data-label="That is"
        id={`${id}-words`}
        className="py-1.5 text-[13px] text-dim min-[721px]:whitespace-normal!"
      >
        {words}
      </td>
      <td className="py-1.5 text-right">
        <RemoveRow what={which} remove={remove} />
      </td>
    </tr>
  );
}
