/** Making a key: for whom, what for if it is always the same, and what to call it. */
import { useId, useState } from 'react';

import type { MadeKey } from '../../../shared/contract/keys.ts';
import { Failed } from '../../components/states.tsx';
import { useCreateKey } from '../../data/queries.ts';

const nothing = { member: '', project: '', name: '' };

export function MakeKey({ onMade }: { readonly onMade: (made: MadeKey) => void }) {
  const [said, setSaid] = useState(nothing);
  const create = useCreateKey();
  const make = () =>
    create.mutate(
      { member: said.member, project: said.project.trim() === '' ? null : said.project, name: said.name },
      {
        onSuccess: (made) => {
          setSaid(nothing);
          onMade(made);
          // It stands in the screen alone, and goes with it.
          create.reset();
        },
      },
    );
  return (
    <form
      aria-label="Make a key"
      className="mb-5 flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        make();
      }}
    >
      <Field label="Member" value={said.member} set={(member) => setSaid({ ...said, member })} isRequired />
      <Field
        label="Project, if always the same"
        value={said.project}
        set={(project) => setSaid({ ...said, project })}
      />
      <Field label="Name, as “laptop”" value={said.name} set={(name) => setSaid({ ...said, name })} />
      <button type="submit" className="control border-accent! text-accent!" disabled={create.isPending}>
        {create.isPending ? 'Making…' : 'Make a key'}
      </button>
      {create.error ? <Failed error={create.error} /> : null}
    </form>
  );
}

type FieldProps = {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly isRequired?: boolean;
};

function Field({ label, value, set, isRequired = false }: FieldProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-xs text-faint">
        {label}
      </label>
      <input
        id={id}
        className="control w-48"
        value={value}
        required={isRequired}
        maxLength={100}
        autoComplete="off"
        onChange={({ target }) => set(target.value)}
      />
    </div>
  );
}
