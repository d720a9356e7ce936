/** Every key by its holder, with what can be done to it. What ends a key is asked twice, with what it means for whoever has it. */
import { useState } from 'react';

import { rotationGraceMs, type MadeKey, type MemberKeyRow } from '../../../shared/contract/keys.ts';
import { keyState, type KeyState } from '../../../shared/key-words.ts';
import { Failed } from '../../components/states.tsx';
import { Tag, type Tone } from '../../components/tag.tsx';
import { Time } from '../../components/time.tsx';
import { useRenameKey, useRevokeKey, useRotateKey } from '../../data/queries.ts';

type TableProps = {
  readonly keys: readonly MemberKeyRow[];
  /** When they were so. */
  readonly atMs: number;
  readonly onMade: (made: MadeKey) => void;
};

export function KeyTable({ keys, atMs, onMade }: TableProps) {
  return (
    <div className="framed">
      <table className="table stacks">
        <caption className="sr-only">Member keys, those that work first</caption>
        <thead>
          <tr>
            {['Member', 'Project', 'Name', 'Key', 'Made', 'State', ''].map((title) => (
              <th key={title} scope="col">
                {title === '' ? <span className="sr-only">What can be done</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <KeyRow key={key.id} row={key} state={keyState(key, atMs)} onMade={onMade} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const tones: Readonly<Record<KeyState['kind'], Tone>> = { works: 'well', both: 'look', revoked: 'plain' };

type KeyRowProps = {
  readonly row: MemberKeyRow;
  readonly state: KeyState;
  readonly onMade: (made: MadeKey) => void;
};

function KeyRow({ row, state, onMade }: KeyRowProps) {
  return (
    <tr className={state.kind === 'revoked' ? 'text-faint' : ''}>
      <td data-label="Member">{row.member}</td>
      <td data-label="Project">{row.project ?? '–'}</td>
      <td data-label="Name">{row.name === '' ? '–' : row.name}</td>
      <td data-label="Key">
        <span>
          <code className="text-[13px]">tk_…{row.ending}</code> <span className="text-xs text-faint">{row.id}</span>
        </span>
      </td>
      <td data-label="Made">
        <Time at={row.createdAtMs} kind="day" />
      </td>
      <td data-label="State">
        <Tag tone={tones[state.kind]}>{state.sentence}</Tag>
      </td>
      <td className="py-1 !whitespace-normal">
        <Actions row={row} isRevoked={state.kind === 'revoked'} onMade={onMade} />
      </td>
    </tr>
  );
}

type Asked = 'nothing' | 'name' | 'rotate' | 'revoke';
type ActionsProps = {
  readonly row: MemberKeyRow;
  readonly isRevoked: boolean;
  readonly onMade: (made: MadeKey) => void;
};

function Actions({ row, isRevoked, onMade }: ActionsProps) {
  const [asked, ask] = useState<Asked>('nothing');
  const back = () => ask('nothing');
  const whose = `${row.id} of ${row.member}`;
  switch (asked) {
    case 'name':
      return <Rename row={row} back={back} />;
    case 'rotate':
      return <Rotate row={row} back={back} onMade={onMade} />;
    case 'revoke':
      return <Revoke row={row} back={back} />;
    case 'nothing':
      return (
        <div className="flex flex-wrap justify-end gap-2">
          <Button label={`Name ${whose}`} onClick={() => ask('name')} words="Name…" />
          {isRevoked ? null : (
            <>
              <Button label={`Rotate ${whose}`} onClick={() => ask('rotate')} words="Rotate…" />
              <Button label={`Revoke ${whose}`} onClick={() => ask('revoke')} words="Revoke…" />
            </>
          )}
        </div>
      );
  }
}

type RowProps = { readonly row: MemberKeyRow; readonly back: () => void };

function Rename({ row, back }: RowProps) {
  const [name, setName] = useState(row.name);
  const rename = useRenameKey();
  return (
    <form
      className="flex flex-wrap items-center justify-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        rename.mutate({ id: row.id, name }, { onSuccess: back });
      }}
    >
      <input
        className="control w-40"
        aria-label={`Name of ${row.id}`}
        value={name}
        maxLength={100}
        autoComplete="off"
        onChange={({ target }) => setName(target.value)}
      />
      <button type="submit" className="control" disabled={rename.isPending}>
        Save
      </button>
      <Button onClick={back} words="Leave it" />
      {rename.error ? <Failed error={rename.error} /> : null}
    </form>
  );
}

function Rotate({ row, back, onMade }: RowProps & { readonly onMade: (made: MadeKey) => void }) {
  const rotate = useRotateKey();
  const go = (isNow: boolean) =>
    rotate.mutate(
      { id: row.id, isNow },
      {
        onSuccess: (made) => {
          onMade(made);
          rotate.reset();
          back();
        },
      },
    );
  return (
    <div className="flex flex-wrap items-center justify-end gap-2 text-[13px]">
      <span className="text-dim">A new key is made. The old one works</span>
      <Button
        onClick={() => go(false)}
        words={`for another ${rotationGraceMs / 3_600_000} hours`}
        isOff={rotate.isPending}
      />
      <Button onClick={() => go(true)} words="no more" isOff={rotate.isPending} />
      <Button onClick={back} words="Leave it" />
      {rotate.error ? <Failed error={rotate.error} /> : null}
    </div>
  );
}

function Revoke({ row, back }: RowProps) {
  const revoke = useRevokeKey();
  return (
    <div className="flex flex-wrap items-center justify-end gap-2 text-[13px]">
      <span className="text-dim">Calls with it are refused at once, for good.</span>
      <button
        type="button"
        className="control border-stop! text-stop!"
        disabled={revoke.isPending}
        onClick={() => revoke.mutate(row.id, { onSuccess: back })}
      >
        Revoke {row.id}
      </button>
      <Button onClick={back} words="Leave it" />
      {revoke.error ? <Failed error={revoke.error} /> : null}
    </div>
  );
}

type ButtonProps = {
  readonly words: string;
  readonly onClick: () => void;
  readonly label?: string;
  readonly isOff?: boolean;
};

function Button({ words, onClick, label, isOff = false }: ButtonProps) {
  return (
    <button type="button" className="control" aria-label={label} disabled={isOff} onClick={onClick}>
      {words}
    </button>
  );
}
