/** What differs in a project, to type: each limit as for all, its own, or none. */
import { useId, useState } from 'react';

import type { Figure, FieldProblems, ProjectDraft } from '../../data/limits-draft.ts';
import { focusOnce } from '../../components/focus-once.ts';
import { useFacets } from '../../data/queries.ts';
import { described, FieldError } from './field-error.tsx';
import { AmountInput } from './figure-field.tsx';
import { RemoveRow } from './remove-row.tsx';

type ProjectFieldsProps = {
  readonly projects: readonly ProjectDraft[];
  readonly problems: FieldProblems;
  readonly set: (projects: readonly ProjectDraft[]) => void;
  readonly add: () => void;
};

export function ProjectFields({ projects, problems, set, add }: ProjectFieldsProps) {
  const names = useId();
  const { data: facets } = useFacets();
  const [drawnFirst] = useState(() => new Set(projects.map(({ id }) => id)));
  return (
    <>
      {projects.length === 0 ? (
        <p className="py-2 text-dim">Nothing: every project has the limits above.</p>
      ) : (
        <div className="framed">
          <table className="table stacks">
            <caption className="sr-only">What differs in a project, to change</caption>
            <thead>
              <tr>
                {['Project', 'Context limit', 'Call ceiling', 'Remove'].map((title) => (
                  <th key={title} scope="col">
                    {title === 'Remove' ? <span className="sr-only">{title}</span> : title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {projects.map((project, index) => (
                <ProjectFieldsRow
                  key={project.id}
                  project={project}
                  problemOf={(field) => problems[`projects.${index}.${field}`]}
                  number={index + 1}
                  listId={names}
                  isFocused={!drawnFirst.has(project.id)}
                  set={(next) => set(projects.map((one) => (one.id === project.id ? next : one)))}
                  remove={() => set(projects.filter(({ id }) => id !== project.id))}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <datalist id={names}>
        {(facets?.projects ?? []).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <button type="button" className="control mt-2.5" onClick={add}>
        Add a project
      </button>
    </>
  );
}

type RowProps = {
  readonly project: ProjectDraft;
  readonly problemOf: (field: string) => string | undefined;
  readonly number: number;
  readonly listId: string;
  readonly isFocused: boolean;
  readonly set: (project: ProjectDraft) => void;
  readonly remove: () => void;
};

function ProjectFieldsRow({ project, problemOf, number, listId, isFocused, set, remove }: RowProps) {
  const id = useId();
  const which = `project ${number}`;
  const nameError = problemOf('name');
  return (
    <tr>
      <td data-label="Project" className="py-1.5">
        <div>
          <input
            className="control w-40"
            aria-label={`Name of ${which}`}
            list={listId}
            maxLength={100}
            autoComplete="off"
            placeholder="name"
            ref={isFocused ? focusOnce : undefined}
            value={project.name}
            {...described([nameError === undefined ? null : `${id}-name`], nameError !== undefined)}
            onChange={({ target }) => set({ ...project, name: target.value })}
          />
          <FieldError id={`${id}-name`} text={nameError} />
        </div>
      </td>
      <td data-label="Context limit" className="py-1.5">
        <OwnFigure
          label={`Context limit of ${which}`}
          unit="tokens"
          figure={project.contextLimitTokens}
          error={problemOf('contextLimitTokens')}
          set={(contextLimitTokens) => set({ ...project, contextLimitTokens })}
        />
      </td>
      <td data-label="Call ceiling" className="py-1.5">
        <OwnFigure
          label={`Call ceiling of ${which}`}
          unit="$"
          figure={project.callCeilingUsd}
          error={problemOf('callCeilingUsd')}
          set={(callCeilingUsd) => set({ ...project, callCeilingUsd })}
        />
      </td>
      <td className="py-1.5 text-right">
        <RemoveRow what={which} remove={remove} />
      </td>
    </tr>
  );
}

type OwnFigureProps = {
  readonly label: string;
  readonly unit: '$' | 'tokens';
  readonly figure: Figure;
  readonly error: string | undefined;
  readonly set: (figure: Figure) => void;
};

function OwnFigure({ label, unit, figure, error, set }: OwnFigureProps) {
  const id = useId();
  return (
    <div>
      <div className="flex flex-wrap items-center gap-2 max-[720px]:justify-end">
        <select
          className="control"
          aria-label={`${label}: whose`}
          value={figure.kind}
          onChange={({ target }) => set({ ...figure, kind: target.value as Figure['kind'] })}
        >
          <option value="all">as for all</option>
          <option value="amount">its own</option>
          <option value="none">none</option>
        </select>
        {figure.kind === 'amount' ? (
          <AmountInput id={id} unit={unit} figure={figure} set={set} error={error} sentenceId={null} label={label} />
        ) : null}
      </div>
      <FieldError id={`${id}-error`} text={error} />
    </div>
  );
}
