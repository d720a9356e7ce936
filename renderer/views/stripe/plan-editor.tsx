/** The plan to change: its kind, its markups, the names of its meters, and in sentences what will happen, before it does. */
import { useId, useState, type FormEvent, type ReactNode } from 'react';

import type { PlanView } from '../../../shared/contract/plan-view.ts';
import { planKinds, type Plan } from '../../../shared/contract/plan.ts';
import { planChangeSentences, planKindWords } from '../../../shared/plan-words.ts';
import { Failed } from '../../components/states.tsx';
import { formatTime } from '../../components/time.tsx';
import { useZone } from '../../components/zone.tsx';
import { checkDraft, draftOf, type DraftCheck, type MarkupDraft, type PlanDraft } from '../../data/plan-draft.ts';
import { useChangePlan } from '../../data/queries.ts';

const kindSentences: Readonly<Record<Plan['kind'], string>> = {
  cost: 'What a call costs, with your markup. Tollkeeper’s price book makes the bill.',
  tokens: 'How many tokens of each class. Stripe’s own prices make the bill.',
  'tokens-by-model': 'How many tokens of each class of each model, so that Stripe can price models apart.',
};

type EditorProps = { readonly view: PlanView; readonly close: () => void };

export function PlanEditor({ view, close }: EditorProps) {
  // What was read when the change began: a change made elsewhere meanwhile is told, not overwritten.
  const [{ inFile, revision }] = useState(view);
  const [draft, setDraft] = useState<PlanDraft>(() => draftOf(inFile ?? view.inForce.plan));
  const change = useChangePlan();
  const check = checkDraft(draft);
  const set = (part: Partial<PlanDraft>) => setDraft((before) => ({ ...before, ...part }));
  const sentences = useSentences(view, check);

  function save(event: FormEvent): void {
    event.preventDefault();
    if (check.kind === 'valid') change.mutate({ revision, plan: check.plan }, { onSuccess: close });
  }

  return (
    <form className="mt-3 framed px-4 py-3.5" aria-label="Change the metering plan" onSubmit={save}>
      <Kinds kind={draft.kind} set={(kind) => set({ kind })} />
      <TextField
        label="Markup"
        unit="%"
        value={draft.markupPercent}
        error={check.problemOf('markupPercent')}
        set={(markupPercent) => set({ markupPercent })}
      >
        Added to what a call costs, for every customer that has no markup of its own.
      </TextField>
      <CustomerMarkups rows={draft.customers} check={check} set={(customers) => set({ customers })} />
      <MeterNames draft={draft} check={check} set={set} />
      <WhatHappens sentences={sentences} isUsable={check.kind === 'valid'} />
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <button
          type="submit"
          className="control border-accent! text-accent!"
          disabled={change.isPending || check.kind === 'invalid' || sentences.length === 0}
        >
          {change.isPending ? 'Saving…' : 'Put it in force'}
        </button>
        <button type="button" className="control" onClick={close}>
          Leave it as it is
        </button>
      </div>
      {change.error ? <Failed error={change.error} /> : null}
    </form>
  );
}

function useSentences(view: PlanView, check: DraftCheck): readonly string[] {
  const zone = useZone();
  if (check.kind === 'invalid') return [];
  const { inForce, next, changeFromMs, ...facts } = view;
  const time = `${formatTime(changeFromMs, 'day', zone)}, ${formatTime(changeFromMs, 'minute', zone)}`;
  // The minute is the next one when it is saved; while somebody types it moves on.
  return planChangeSentences({
    before: inForce,
    next,
    wish: check.plan,
    fromWords: `from the next minute on (${time})`,
    facts,
  });
}

function Kinds({ kind, set }: { readonly kind: Plan['kind']; readonly set: (kind: Plan['kind']) => void }) {
  const name = useId();
  return (
    <fieldset>
      <legend className="font-[550]">Stripe is told</legend>
      {planKinds.map((one) => (
        <label key={one} className="flex items-baseline gap-2 py-1">
          <input
            type="radio"
            name={name}
            className="size-4 shrink-0 translate-y-0.5 accent-(--accent)"
            checked={kind === one}
            onChange={() => set(one)}
          />
          <span>
            {planKindWords[one]} <span className="block text-[13px] text-dim">{kindSentences[one]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

type TextFieldProps = {
  readonly label: string;
  readonly unit?: string;
  readonly value: string;
  readonly error: string | undefined;
  readonly set: (value: string) => void;
  readonly children: ReactNode;
};

function TextField({ label, unit, value, error, set, children }: TextFieldProps) {
  const id = useId();
  return (
    <div className="mt-2.5">
      <label htmlFor={id} className="font-[550]">
        {label}
      </label>
      <div className="mt-1 flex items-center gap-2">
        <input
          id={id}
          className={`control ${unit === undefined ? 'w-full max-w-[28rem]' : 'w-24 text-right'}`}
          inputMode={unit === undefined ? 'text' : 'decimal'}
          autoComplete="off"
          spellCheck={false}
          value={value}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={`${id}-words`}
          onChange={({ target }) => set(target.value)}
        />
        {unit === undefined ? null : <span className="text-dim">{unit}</span>}
      </div>
      <p id={`${id}-words`} className={`mt-1 text-[13px] ${error === undefined ? 'text-dim' : 'text-stop'}`}>
        {error ?? children}
      </p>
    </div>
  );
}

type MarkupsProps = {
  readonly rows: readonly MarkupDraft[];
  readonly check: DraftCheck;
  readonly set: (rows: readonly MarkupDraft[]) => void;
};

function CustomerMarkups({ rows, check, set }: MarkupsProps) {
  const error = check.problemOf('customerMarkupPercent');
  const change = (id: number, part: Partial<MarkupDraft>) =>
    set(rows.map((row) => (row.id === id ? { ...row, ...part } : row)));
  const nextId = Math.max(-1, ...rows.map(({ id }) => id)) + 1;
  return (
    <fieldset className="mt-3" aria-describedby="markups-words">
      <legend className="font-[550]">Markup of one customer</legend>
      {rows.map(({ id, customer, percent }, index) => (
        <div key={id} className="mt-1 flex flex-wrap items-center gap-2">
          <input
            className="control w-full max-w-[18rem]"
            aria-label={`Customer ${index + 1}`}
            placeholder="cus_…"
            autoComplete="off"
            spellCheck={false}
            value={customer}
            onChange={({ target }) => change(id, { customer: target.value })}
          />
          <input
            className="control w-24 text-right"
            aria-label={`Markup of customer ${index + 1}`}
            inputMode="decimal"
            autoComplete="off"
            value={percent}
            onChange={({ target }) => change(id, { percent: target.value })}
          />
          <span className="text-dim">%</span>
          <button
            type="button"
            className="control"
            aria-label={`Remove the markup of customer ${index + 1}`}
            onClick={() => set(rows.filter((row) => row.id !== id))}
          >
            Remove
          </button>
        </div>
      ))}
      <p id="markups-words" className={`mt-1 text-[13px] ${error === undefined ? 'text-dim' : 'text-stop'}`}>
        {error ?? (rows.length === 0 ? 'Every customer has the markup above.' : 'In place of the markup above.')}
      </p>
      <button
        type="button"
        className="control mt-1.5"
        onClick={() => set([...rows, { id: nextId, customer: '', percent: '' }])}
      >
        Add a customer
      </button>
    </fieldset>
  );
}

type NamesProps = {
  readonly draft: PlanDraft;
  readonly check: DraftCheck;
  readonly set: (part: Partial<PlanDraft>) => void;
};

function MeterNames({ draft, check, set }: NamesProps) {
  return draft.kind === 'cost' ? (
    <TextField
      label="Name of the meter"
      value={draft.eventName}
      error={check.problemOf('eventName')}
      set={(eventName) => set({ eventName })}
    >
      The event name of the meter in Stripe. Its unit is one micro-dollar.
    </TextField>
  ) : (
    <TextField
      label="Names of the meters begin with"
      value={draft.eventPrefix}
      error={check.problemOf('eventPrefix')}
      set={(eventPrefix) => set({ eventPrefix })}
    >
      The class follows{draft.kind === 'tokens' ? '' : ', then the model'}: {draft.eventPrefix}_input
      {draft.kind === 'tokens' ? '' : '_claude_opus_4_8'}.
    </TextField>
  );
}

function WhatHappens({ sentences, isUsable }: { readonly sentences: readonly string[]; readonly isUsable: boolean }) {
  return (
    <div className="mt-3.5 border-t border-line pt-3" role="status">
      <p className="font-[550]">What will happen</p>
      {sentences.length === 0 ? (
        <p className="text-[13px] text-dim">
          {isUsable ? 'Nothing: that is the plan already.' : 'Nothing yet: a field cannot be used.'}
        </p>
      ) : (
        <ul className="mt-1 grid max-w-[92ch] list-disc gap-1 pl-5 text-[13px]">
          {sentences.map((sentence) => (
            <li key={sentence} className="wrap-anywhere">
              {sentence}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
