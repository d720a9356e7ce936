/** The filters of the Calls screen. Each is a word in the address, so that a filtered list can be kept or sent. */
import { useId, type ReactNode } from 'react';

import { callFilterStatuses } from '../../../shared/contract/api.ts';
import type { CallFilters } from '../../data/api.ts';
import { useFacets } from '../../data/queries.ts';

/** Filters that a link sets; each can be taken away. */
const linkedNames = ['conversation', 'client', 'book', 'reason'] as const;
const linkedWords = {
  conversation: 'One conversation',
  client: 'Client',
  user: 'User',
  book: 'Priced by',
  reason: 'Unpriced:',
} as const;

type FiltersProps = {
  readonly filters: CallFilters;
  readonly change: (name: string, value: string | null) => void;
  readonly clear: () => void;
};

export function Filters({ filters, change, clear }: FiltersProps) {
  const { data: facets } = useFacets();
  const choices = [
    ['member', facets?.members ?? []],
    ['project', facets?.projects ?? []],
    ['model', facets?.models ?? []],
    ['status', callFilterStatuses],
  ] as const;
  return (
    <form
      className="mb-4 flex flex-wrap items-end gap-3"
      aria-label="Filters"
      onSubmit={(event) => event.preventDefault()}
    >
      {choices.map(([name, options]) => (
        <Field key={name} label={name}>
          {(id) => (
            <select
              id={id}
              className="control"
              value={filters[name] === undefined ? 'any' : `=${filters[name]}`}
              onChange={({ target }) => change(name, target.value === 'any' ? null : target.value.slice(1))}
            >
              <option value="any">any</option>
              {name === 'member' || name === 'project' ? <option value="=">unassigned</option> : null}
              {options.map((option) => (
                <option key={option} value={`=${option}`}>
                  {option}
                </option>
              ))}
            </select>
          )}
        </Field>
      ))}
      {(['from', 'to'] as const).map((name) => (
        <Field key={name} label={name}>
          {(id) => (
            <input
              id={id}
              type="date"
              className="control"
              value={filters[name] ?? ''}
              onChange={({ target }) => change(name, target.value === '' ? null : target.value)}
            />
          )}
        </Field>
      ))}
      {linkedNames.map((name) =>
        filters[name] === undefined ? null : (
          <button
            key={name}
            type="button"
            className="control max-w-full truncate"
            title={filters[name]}
            aria-label={`Take away the filter: ${linkedWords[name]} ${filters[name]}`}
            onClick={() => change(name, null)}
          >
            {linkedWords[name]} {name === 'conversation' ? '' : filters[name] || 'unknown'}{' '}
            <span aria-hidden="true">×</span>
          </button>
        ),
      )}
      {Object.keys(filters).length === 0 ? null : (
        <button type="button" className="control" onClick={clear}>
          Clear
        </button>
      )}
    </form>
  );
}

function Field({ label, children }: { readonly label: string; readonly children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-xs text-faint capitalize">
        {label}
      </label>
      {children(id)}
    </div>
  );
}
