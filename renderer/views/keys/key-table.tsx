/** Every key by its holder, with what can be done to it. What ends a key is asked twice, with what it means for whoever has it. */
import { useState } from 'react';

import { rotationGraceMs, type MadeKey, type MemberKeyRow } from '../../../shared/contract/keys.ts';
import { keyState, type KeyState } from '../../../shared/key-words.ts';
import { focusOnce } from '../../components/focus-once.ts';
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

type Asked = 'nothing' | 'name' | 'rotate' | 'revoke';

/** What is asked of a key stands in a row of its own under it, so that the table keeps its shape. */
function KeyRow({ row, state, onMade }: KeyRowProps) {
  const [asked, ask] = useState<Asked>('nothing');
  // The button that was pressed last has the focus again once its question is answered.
  const [last, setLast] = useState<Asked>('nothing');
  const back = () => {
    setLast(asked);
    ask('nothing');
  };
  const isRevoked = state.kind === 'revoked';
  return (
    <>
      <tr className={`${isRevoked ? 'text-faint' : ''} ${asked === 'nothing' ? '' : '[&>td]:border-b-0'}`}>
        <NameCell label="Member" name={row.member} />
        <NameCell label="Project" name={row.project ?? ''} />
        <NameCell label="Name" name={row.name} />
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
        <td className="py-1">
          <Actions row={row} isRevoked={isRevoked} asked={asked} last={last} ask={ask} />
        </td>
      </tr>
      {asked === 'nothing' ? null : (
        <tr>
          <td colSpan={7} className="pb-2.5 whitespace-normal!">
            <div className="flex w-full flex-wrap items-center justify-end gap-2 text-[13px]">
              {asked === 'name' ? <Rename row={row} back={back} /> : null}
              {asked === 'rotate' ? <Rotate row={row} back={back} onMade={onMade} /> : null}
              {asked === 'revoke' ? <Revoke row={row} back={back} /> : null}
            </div>
          </td>
        </tr>
      )}
    </>
  );
}

/** A long one is cut where the table has to hold its columns, and whole for a pointer. */
function NameCell({ label, name }: { readonly label: string; readonly name: string }) {
  return (
    <td data-label={label} title={name} className="min-[721px]:max-w-[18ch] min-[721px]:truncate">
      {name === '' ? '–' : name}
    </td>
  );
}

type ActionsProps = {
  readonly row: MemberKeyRow;
  readonly isRevoked: boolean;
  readonly asked: Asked;
  readonly last: Asked;
  readonly ask: (asked: Asked) => void;
};

function Actions({ row, isRevoked, asked, last, ask }: ActionsProps) {
  const whose = `${row.id} of ${row.member}`;
  const button = (what: Exclude<Asked, 'nothing'>, word: string) => (
    <Button
      label={`${word} ${whose}`}
      words={`${word}…`}
      isOff={asked !== 'nothing'}
      isFocused={asked === 'nothing' && last === what}
      onClick={() => ask(what)}
    />
  );
  return (
    <div className="flex justify-end gap-2">
      {button('name', 'Name')}
      {isRevoked ? null : (
        <>
          {button('rotate', 'Rotate')}
          {button('revoke', 'Revoke')}
        </>
      )}
    </div>
  );
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
        ref={focusOnce}
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
    <>
      <span className="text-dim">A new key is made. The old one works</span>
      <Button
        onClick={() => go(false)}
        words={`for another ${rotationGraceMs / 3_600_000} hours`}
        isOff={rotate.isPending}
      />
      <Button onClick={() => go(true)} words="no more" isOff={rotate.isPending} />
      <Button onClick={back} words="Leave it" isFocused />
      {rotate.error ? <Failed error={rotate.error} /> : null}
    </>
  );
}

function Revoke({ row, back }: RowProps) {
  const revoke = useRevokeKey();
  return (
    <>
      <span className="text-dim">Calls with it are refused at once, for good.</span>
      <button
        type="button"
        className="control border-stop! text-stop!"
        disabled={revoke.isPending}
        onClick={() => revoke.mutate(row.id, { onSuccess: back })}
      >
        Revoke {row.id}
      </button>
      <Button onClick={back} words="Leave it" isFocused />
      {revoke.error ? <Failed error={revoke.error} /> : null}
    </>
  );
}

type ButtonProps = {
  readonly words: string;
  readonly onClick: () => void;
  readonly label?: string;
  readonly isOff?: boolean;
  readonly isFocused?: boolean;
};

function Button({ words, onClick, label, isOff = false, isFocused = false }: ButtonProps) {
  return (
    <button
      type="button"
      className="control"
      aria-label={label}
      disabled={isOff}
      ref={isFocused ? focusOnce : undefined}
      onClick={onClick}
    >
      {words}
    </button>
  );
}
