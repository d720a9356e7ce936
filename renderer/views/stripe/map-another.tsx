/** Mapping a project or a member that is not in the list yet, one that has no calls included. */
import { useState } from 'react';

import type { MappingView } from '../../../shared/contract/stripe-customers.ts';
import { Failed } from '../../components/states.tsx';
import { useMap } from '../../data/billing-queries.ts';
import { CustomerPicker } from './customer-picker.tsx';

export function MapAnother({ mapping }: { readonly mapping: MappingView }) {
  const [kind, setKind] = useState<'project' | 'member'>('project');
  const [name, setName] = useState('');
  const [isPicking, setPicking] = useState(false);
  const map = useMap();
  const done = () => {
    setPicking(false);
    setName('');
  };
  const known = kind === 'project' ? mapping.known.projects : mapping.known.members;
  if (isPicking)
    return (
      <div className="rounded-card border border-line p-3">
        {map.error ? <Failed error={map.error} /> : null}
        <CustomerPicker
          title={`Customer of the ${kind} ${name}`}
          isBusy={map.isPending}
          pick={({ id }) => map.mutate({ kind, name, customer: id, isUnchecked: false }, { onSuccess: done })}
          leave={() => setPicking(false)}
        />
      </div>
    );
  return (
    <form
      aria-label="Map another"
      className="flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        setPicking(true);
      }}
    >
      <label className="flex flex-col gap-1 text-xs text-faint">
        Map a
        <select
          className="control"
          value={kind}
          onChange={({ target }) => setKind(target.value === 'member' ? 'member' : 'project')}
        >
          <option value="project">project</option>
          <option value="member">member</option>
        </select>
      </label>
      <label className="flex flex-col gap-1 text-xs text-faint">
        Its name
        <input
          className="control w-48 max-w-full"
          list="known-to-map"
          value={name}
          required
          maxLength={100}
          autoComplete="off"
          onChange={({ target }) => setName(target.value)}
        />
        <datalist id="known-to-map">
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
      <button type="submit" className="control">
        Choose its customer
      </button>
    </form>
  );
}
