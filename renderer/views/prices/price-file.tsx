/**
 * A price file of one's own, from choosing it to having it in force: check, see what it would change or what is wrong with it, apply. Nothing is in
 * force before the last button, and a file that cannot be used has no such button.
 */
import { useState, type ChangeEvent } from 'react';

import type { PricesView } from '../../../shared/contract/prices.ts';
import { isUnchanged } from '../../../shared/pricing/book-changes.ts';
import { overrideBytesMax } from '../../../shared/pricing/override.ts';
import { CopyLine } from '../../components/copy-line.tsx';
import { plural } from '../../components/count.tsx';
import { Failed, Notice } from '../../components/states.tsx';
import { useApplyPrices, useCheckPrices, useResetPrices } from '../../data/queries.ts';
import { BookChangesList, Problems } from './price-changes.tsx';

export function PriceFile({ view }: { readonly view: PricesView }) {
  return (
    <section aria-labelledby="price-file">
      <h2 id="price-file" className="mb-1">
        A price file of your own
      </h2>
      <p className="mb-3 max-w-[100ch] text-[13px] text-dim">
        For prices by contract, or a model that is newer than this version. The file is checked to the last price and
        used whole or not at all; it stays in force over updates until you go back to the book that ships.
      </p>
      <ChosenFile />
      {view.file === null ? null : <Reset shippedVersion={view.shippedVersion} />}
      <Lines />
    </section>
  );
}

type Chosen = { readonly name: string; readonly text: string };

function ChosenFile() {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const check = useCheckPrices();
  const apply = useApplyPrices();

  async function choose({ target }: ChangeEvent<HTMLInputElement>): Promise<void> {
    const file = target.files?.[0];
    // The same file again, after it was corrected, is a choice too.
    target.value = '';
    if (!file) return;
    apply.reset();
    check.reset();
    setChosen(null);
    setRefusal(file.size > overrideBytesMax ? `${file.name} is larger than 1 MB; a whole book is far smaller.` : null);
    if (file.size > overrideBytesMax) return;
    const text = await file.text();
    setChosen({ name: file.name, text });
    check.mutate(text);
  }

  return (
    <div className="mb-4">
      <label className="control inline-flex cursor-pointer items-center focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-accent">
        Choose a price file…
        <input
          type="file"
          accept=".json,application/json"
          className="sr-only"
          onChange={(event) => void choose(event)}
        />
      </label>
      <div className="mt-3" role="status">
        {refusal === null ? null : <Notice tone="stopped">{refusal}</Notice>}
        {check.isPending ? <p className="text-dim">Checking {chosen?.name}…</p> : null}
        {apply.data?.kind === 'valid' ? (
          <p>
            <b className="font-semibold">Price book {apply.data.version} is in force.</b> Past calls keep their price;
            try above, under Past calls, what this book would make of them.
          </p>
        ) : chosen && check.data ? (
          <Checked
            name={chosen.name}
            check={check.data}
            isApplying={apply.isPending}
            apply={() => apply.mutate(chosen.text)}
          />
        ) : null}
      </div>
      {check.error ? <Failed error={check.error} /> : null}
      {apply.error ? <Failed error={apply.error} /> : null}
    </div>
  );
}

type CheckedProps = {
  readonly name: string;
  readonly check: NonNullable<ReturnType<typeof useCheckPrices>['data']>;
  readonly isApplying: boolean;
  readonly apply: () => void;
};

function Checked({ name, check, isApplying, apply }: CheckedProps) {
  if (check.kind === 'invalid') {
    return (
      <>
        <p className="mb-2">
          <b className="font-semibold">{name} cannot be used:</b> {plural(check.problems.length, 'problem')}. The prices
          in force are as they were.
        </p>
        <Problems problems={check.problems} />
      </>
    );
  }
  const isSame = isUnchanged(check.changes);
  return (
    <>
      <p className="mb-2">
        <b className="font-semibold">
          {name} is a valid price book, {check.version}.
        </b>{' '}
        {isSame ? 'It is the book in force: nothing would change.' : 'Against the book in force it would change:'}
      </p>
      <BookChangesList changes={check.changes} />
      {isSame ? null : (
        <button
          type="button"
          className="control mt-3 border-accent! text-accent!"
          disabled={isApplying}
          onClick={apply}
        >
          {isApplying ? 'Putting it in force…' : `Put ${check.version} in force`}
        </button>
      )}
    </>
  );
}

/** Asked twice: from then on calls cost what the list says and not what a contract says. */
function Reset({ shippedVersion }: { readonly shippedVersion: string }) {
  const [isAsked, setAsked] = useState(false);
  const reset = useResetPrices();
  return (
    <div className="mb-4 flex flex-wrap items-center gap-3 text-[13px]">
      {isAsked ? (
        <>
          <span>Calls from now on are priced by {shippedVersion}, and your price file is removed.</span>
          <button type="button" className="control" disabled={reset.isPending} onClick={() => reset.mutate()}>
            {reset.isPending ? 'Going back…' : 'Go back to it'}
          </button>
          <button type="button" className="control" onClick={() => setAsked(false)}>
            Keep my file
          </button>
        </>
      ) : (
        <button type="button" className="control" onClick={() => setAsked(true)}>
          Go back to the book that ships…
        </button>
      )}
      {reset.error ? <Failed error={reset.error} /> : null}
    </div>
  );
}

const lines = [
  [
    'tollkeeper prices --json > prices.json',
    'Writes the book in force to a file, to be changed. Give it a version name of its own.',
  ],
  [
    'tollkeeper prices check prices.json',
    'Says whether the file can be used and what it would change. Changes nothing.',
  ],
  ['tollkeeper prices apply prices.json', 'Puts it in force for calls from now on, here and after every start.'],
  [
    'tollkeeper prices rerate --trial',
    'Says what the book in force would make of past calls. Without --trial it corrects them.',
  ],
] as const;

function Lines() {
  return (
    <div>
      <p className="mb-2 text-[13px] text-dim">The same in a terminal:</p>
      <dl className="flex flex-col gap-3">
        {lines.map(([line, words]) => (
          <div key={line}>
            <dt>
              <CopyLine text={line} />
            </dt>
            <dd className="mt-1 text-[13px] text-dim">{words}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
