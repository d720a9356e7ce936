/** What is on or off, each with what it means; one that a variable says is shown with its name. */
import { useId } from 'react';

import { switchNames, type SwitchName } from '../../data/limits-draft.ts';
import { switchWords } from './draft-words.ts';

type SwitchFieldsProps = {
  readonly switches: Readonly<Record<SwitchName, boolean>>;
  readonly set: (switches: Readonly<Record<SwitchName, boolean>>) => void;
  /** The variable that says it, and what it says. */
  readonly setBy: (name: SwitchName) => { readonly variable: string; readonly isOn: boolean } | null;
};

export function SwitchFields({ switches, set, setBy }: SwitchFieldsProps) {
  return (
    <ul className="ruled">
      {switchNames.map((name) => (
        <li key={name}>
          <SwitchField
            name={name}
            isOn={switches[name]}
            set={(isOn) => set({ ...switches, [name]: isOn })}
            setBy={setBy(name)}
          />
        </li>
      ))}
    </ul>
  );
}

type SwitchFieldProps = {
  readonly name: SwitchName;
  readonly isOn: boolean;
  readonly set: (isOn: boolean) => void;
  readonly setBy: { readonly variable: string; readonly isOn: boolean } | null;
};

function SwitchField({ name, isOn, set, setBy }: SwitchFieldProps) {
  const id = useId();
  const { label, sentence } = switchWords[name];
  return (
    <div className="grid grid-cols-[1.25rem_1fr] items-baseline gap-x-2 min-[721px]:grid-cols-[1.25rem_18.5rem_1fr]">
      <input
        id={id}
        type="checkbox"
        className="size-4 self-center accent-(--accent)"
        checked={setBy?.isOn ?? isOn}
        disabled={setBy !== null}
        aria-describedby={`${id}-words`}
        onChange={({ target }) => set(target.checked)}
      />
      <label htmlFor={id} className="font-[550]">
        {label}
      </label>
      <p id={`${id}-words`} className="text-[13px] text-dim max-[720px]:col-start-2">
        {sentence}
        {setBy === null ? '' : ` Set by ${setBy.variable}, which wins over the settings file; change it there.`}
      </p>
    </div>
  );
}
