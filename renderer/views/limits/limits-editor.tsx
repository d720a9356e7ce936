/**
 * The limits as a form: what holds for every call, the budgets, what differs in a project, what is on or off. What was typed stands outside of React
 * (data/limits-draft-store.ts), so nothing that comes in meanwhile touches it. Saved as a whole, or not at all with a sentence beside each wrong field.
 */
import { useEffect, useRef, useState, type ReactNode } from 'react';

import type { LimitsSettingsView, OverridableLimit } from '../../../shared/contract/limits-settings.ts';
import type { LimitsView } from '../../../shared/contract/limits-view.ts';
import { typicalNanoUsd } from '../../../shared/spend-words.ts';
import { ApiFailure } from '../../data/api.ts';
import { changeDraft, dropDraft, type OpenDraft } from '../../data/limits-draft-store.ts';
import {
  checkDraft,
  isChanged,
  problemsByField,
  tokensAsTyped,
  usdAsTyped,
  withBudgetAdded,
  withProjectAdded,
  type FieldProblems,
  type LimitsDraft,
} from '../../data/limits-draft.ts';
import { useChangeLimits, useMonth } from '../../data/queries.ts';
import { AboveTheForm } from './above-the-form.tsx';
import { BudgetFields } from './budget-fields.tsx';
import { ceilingWords, contextWords } from './draft-words.ts';
import { FigureField } from './figure-field.tsx';
import { ProjectFields } from './project-fields.tsx';
import { SaveBar } from './save-bar.tsx';
import { SwitchFields } from './switch-fields.tsx';

type LimitsEditorProps = {
  readonly open: OpenDraft;
  readonly settings: LimitsSettingsView;
  readonly limits: LimitsView;
  readonly onClosed: (how: 'saved' | 'dropped') => void;
};

export function LimitsEditor({ open, settings, limits, onClosed }: LimitsEditorProps) {
  const { draft } = open;
  const form = useRef<HTMLFormElement>(null);
  const [tries, setTries] = useState(0);
  const save = useChangeLimits();
  const meanNanoUsd = useMeanCallCost();
  const problems = tries > 0 ? problemsIn(draft, save.error) : {};
  useEffect(() => {
    if (tries > 0) form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
  }, [tries]);

  function change(part: Partial<LimitsDraft>): void {
    // What the engine found fault with is another draft's.
    if (save.error) save.reset();
    changeDraft((before) => ({ ...before, ...part }));
  }

  function drop(): void {
    dropDraft();
    onClosed('dropped');
  }

  function trySave(): void {
    setTries(tries + 1);
    const check = checkDraft(draft);
    if (check.kind === 'invalid') return;
    save.mutate(
      { settings: check.settings, revision: open.revision },
      {
        onSuccess: () => {
          dropDraft();
          onClosed('saved');
        },
        onError: () => setTries((before) => before + 1),
      },
    );
  }

  return (
    <form
      ref={form}
      aria-label="Change the limits"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        trySave();
      }}
    >
      <AboveTheForm open={open} settings={settings} error={save.error} drop={drop} />
      <Part title="Every call">
        <FigureField
          label="Context limit"
          unit="tokens"
          none="no limit"
          figure={draft.contextLimitTokens}
          set={(contextLimitTokens) => change({ contextLimitTokens })}
          sentence={contextWords(draft.contextLimitTokens)}
          error={problems['contextLimitTokens']}
          setBy={figureSetBy(settings, 'contextLimitTokens')}
        />
        <FigureField
          label="Call ceiling"
          unit="$"
          none="no ceiling"
          figure={draft.callCeilingUsd}
          set={(callCeilingUsd) => change({ callCeilingUsd })}
          sentence={ceilingWords(draft.callCeilingUsd, meanNanoUsd)}
          error={problems['callCeilingUsd']}
          setBy={figureSetBy(settings, 'callCeilingUsd')}
        />
      </Part>
      <Part
        title="Budgets"
        sentence="Warned of at 50, 80 and 100 %; then calls under it are stopped until it begins anew."
      >
        <BudgetFields
          budgets={draft.budgets}
          problems={problems}
          rows={limits.budgets}
          set={(budgets) => change({ budgets })}
          add={() => changeDraft(withBudgetAdded)}
        />
      </Part>
      <Part title="What differs in a project">
        <ProjectFields
          projects={draft.projects}
          problems={problems}
          set={(projects) => change({ projects })}
          add={() => changeDraft(withProjectAdded)}
        />
      </Part>
      <Part title="On or off">
        <SwitchFields
          switches={draft.switches}
          set={(switches) => change({ switches })}
          setBy={(name) => {
            const variable = name === 'drainOnAbort' ? settings.setBy.drainOnAbort : undefined;
            return variable === undefined ? null : { variable, isOn: settings.inForce.drainOnAbort };
          }}
        />
      </Part>
      <SaveBar
        isChanged={isChanged(draft, open.from)}
        isSaving={save.isPending}
        wrongFields={Object.keys(problems).length}
        drop={drop}
      />
    </form>
  );
}

/** Ours first; where we find nothing, what the engine found. */
function problemsIn(draft: LimitsDraft, error: Error | null): FieldProblems {
  const check = checkDraft(draft);
  if (check.kind === 'invalid') return check.problems;
  return error instanceof ApiFailure ? problemsByField(draft, error.fields) : {};
}

/** What a call came to on average this month; null before the first. */
function useMeanCallCost(): number | null {
  const { data: month } = useMonth(undefined, 'model');
  if (!month) return null;
  return typicalNanoUsd(month.total);
}

function figureSetBy({ setBy, inForce }: LimitsSettingsView, name: Exclude<OverridableLimit, 'drainOnAbort'>) {
  const variable = setBy[name];
  if (variable === undefined) return null;
  const value = inForce.limits[name];
  const typed =
    name === 'callCeilingUsd'
      ? (usd: number) => `$${usdAsTyped(usd)}`
      : (tokens: number) => `${tokensAsTyped(tokens)} tokens`;
  return { variable, value: value === null ? 'none' : typed(value) };
}

type PartProps = { readonly title: string; readonly sentence?: string; readonly children: ReactNode };

function Part({ title, sentence, children }: PartProps) {
  return (
    <fieldset className="mb-6 min-w-0">
      <legend className="mb-1.5 text-[13px] font-semibold text-dim">
        {title}
        {sentence === undefined ? null : <span className="font-normal text-faint"> · {sentence}</span>}
      </legend>
      {children}
    </fieldset>
  );
}
