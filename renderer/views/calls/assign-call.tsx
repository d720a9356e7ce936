/** Saying afterwards who made a call, from its panel: this one, or all like it that have no member, with how many that are before it is done. */
import { useState } from 'react';

import type { AssignedCalls } from '../../../shared/contract/assign.ts';
import type { CallDetail } from '../../../shared/contract/api.ts';
import { plural } from '../../components/count.tsx';
import { Failed } from '../../components/states.tsx';
import type { CallFilters } from '../../data/api.ts';
import { useAssign, useCallsTotal, useFacets } from '../../data/queries.ts';

export function AssignCall({ call }: { readonly call: CallDetail }) {
  const [isOpen, setOpen] = useState(false);
  if (isOpen) return <Form call={call} close={() => setOpen(false)} />;
  return (
    <button type="button" className="control" onClick={() => setOpen(true)}>
      {call.member === null ? 'Assign…' : 'Assign to someone else…'}
    </button>
  );
}

function Form({ call, close }: { readonly call: CallDetail; readonly close: () => void }) {
  const [member, setMember] = useState('');
  const [project, setProject] = useState('');
  const [kind, setKind] = useState<AssignedCalls['kind']>('call');
  const { data: facets } = useFacets();
  const assign = useAssign();
  return (
    <form
      aria-label="Assign"
      className="my-3 flex max-w-full flex-col items-start gap-3 rounded-card border border-line bg-surface px-4 py-3 text-[13px]"
      onSubmit={(event) => {
        event.preventDefault();
        const question = { which: whichCalls(kind, call), member, project: project.trim() === '' ? null : project };
        assign.mutate(question, { onSuccess: close });
      }}
    >
      <div className="flex flex-wrap gap-3">
        <Name label="Member" value={member} set={setMember} known={facets?.members ?? []} isRequired />
        <Name label="Project (empty: as it is)" value={project} set={setProject} known={facets?.projects ?? []} />
      </div>
      {call.member === null ? <Which call={call} kind={kind} choose={setKind} /> : null}
      <div className="flex gap-2">
        <button type="submit" className="control border-accent! text-accent!" disabled={assign.isPending}>
          {assign.isPending ? 'Assigning…' : 'Assign'}
        </button>
        <button type="button" className="control" onClick={close}>
          Leave it
        </button>
      </div>
      {assign.error ? <Failed error={assign.error} /> : null}
    </form>
  );
}

function whichCalls(kind: AssignedCalls['kind'], { id, conversation, clientUser, client }: CallDetail): AssignedCalls {
  if (kind === 'conversation' && conversation !== null) return { kind, conversation };
  if (kind === 'user' && clientUser !== null) return { kind, user: clientUser };
  return kind === 'client' ? { kind, client } : { kind: 'call', id };
}

type WhichProps = {
  readonly call: CallDetail;
  readonly kind: AssignedCalls['kind'];
  readonly choose: (kind: AssignedCalls['kind']) => void;
};

function Which({ call: { conversation, clientUser, client }, kind, choose }: WhichProps) {
  const option = { kind, choose };
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="mb-1 text-xs text-faint">Which calls</legend>
      <Option {...option} value="call" words="this one" filters={null} />
      {conversation === null ? null : (
        <Option
          {...option}
          value="conversation"
          words="every unassigned one of this conversation"
          filters={{ member: '', conversation }}
        />
      )}
      {clientUser === null ? null : (
        <Option
          {...option}
          value="user"
          words={`every unassigned one of the client’s user ${clientUser}`}
          filters={{ member: '', user: clientUser }}
        />
      )}
      <Option
        {...option}
        value="client"
        words={`every unassigned one of ${client ?? 'clients that tell no name'}`}
        filters={{ member: '', client: client ?? '' }}
      />
    </fieldset>
  );
}

type OptionProps = Omit<WhichProps, 'call'> & {
  readonly value: AssignedCalls['kind'];
  readonly words: string;
  /** What it comes to, asked before it is done; null for one call. */
  readonly filters: CallFilters | null;
};

function Option({ value, kind, choose, words, filters }: OptionProps) {
  return (
    <label className="flex items-center gap-2">
      <input
        type="radio"
        name="which"
        className="accent-accent"
        checked={kind === value}
        onChange={() => choose(value)}
      />
      <span>
        {words} {filters === null ? null : <HowMany filters={filters} />}
      </span>
    </label>
  );
}

function HowMany({ filters }: { readonly filters: CallFilters }) {
  const { data: total } = useCallsTotal(filters);
  if (!total) return null;
  return (
    <span className="text-faint">
      ({total.isWhole ? '' : 'at least '}
      {plural(total.calls, 'call')})
    </span>
  );
}

type NameProps = {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly known: readonly string[];
  readonly isRequired?: boolean;
};

function Name({ label, value, set, known, isRequired = false }: NameProps) {
  const list = `known-${label.split(' ', 1)[0]}`;
  return (
    <label className="flex flex-col gap-1 text-xs text-faint">
      {label}
      <input
        className="control w-48"
        list={list}
        value={value}
        required={isRequired}
        maxLength={100}
        autoComplete="off"
        onChange={({ target }) => set(target.value)}
      />
      <datalist id={list}>
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
