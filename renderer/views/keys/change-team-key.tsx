/**
 * Entering, replacing and removing one of the team's own keys. What is typed is read from its field when it is sent, and stands nowhere else: no state of the page
 * and no cache has it, and none comes back.
 */
import { useEffect, useId, useRef, useState, type FormEvent } from 'react';

import type { SecretName, SecretsView } from '../../../shared/contract/secrets.ts';
import { AskOnce } from '../../components/ask-once.tsx';
import { focusOnce } from '../../components/focus-once.ts';
import { Failed } from '../../components/states.tsx';
import { api } from '../../data/api.ts';
import { useSecretsChanged } from '../../data/queries.ts';

type Step = 'rest' | 'entering' | 'removing' | 'entered' | 'removed' | 'left';

type ChangeTeamKeyProps = { readonly secret: SecretsView['secrets'][number]; readonly label: string };

export function ChangeTeamKey({ secret, label }: ChangeTeamKeyProps) {
  const [step, setStep] = useState<Step>('rest');
  const { name, source, isKept } = secret;
  if (step === 'entering') return <Enter name={name} label={label} done={setStep} />;
  if (step === 'removing') return <Remove name={name} label={label} done={setStep} />;
  const said = step === 'entered' ? 'Kept, and in use from the next call on.' : step === 'removed' ? 'Removed.' : null;
  const back = step === 'rest' ? undefined : focusOnce;
  const verb = isKept ? 'Replace' : 'Enter';
  return (
    <span className="flex flex-wrap items-center gap-2 min-[721px]:justify-end">
      {said === null ? null : (
        <span role="status" className="text-[13px] text-accent">
          {said}
        </span>
      )}
      {source === 'environment' ? null : (
        <button
          type="button"
          className="control"
          aria-label={`${verb} the ${label}…`}
          ref={back}
          onClick={() => setStep('entering')}
        >
          {verb}…
        </button>
      )}
      {isKept ? (
        <button
          type="button"
          className="control"
          aria-label={`Remove the ${label}…`}
          ref={source === 'environment' ? back : undefined}
          onClick={() => setStep('removing')}
        >
          Remove…
        </button>
      ) : null}
    </span>
  );
}

type StepProps = { readonly name: SecretName; readonly label: string; readonly done: (step: Step) => void };

function Enter({ name, label, done }: StepProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const { isBusy, error, run } = useChange(() => done('entered'));
  useEffect(() => field.current?.focus(), []);

  function send(event: FormEvent): void {
    event.preventDefault();
    const value = field.current?.value ?? '';
    run(() => api.setSecret(name, value));
  }
  return (
    <form aria-label={label} autoComplete="off" className="min-w-0 min-[721px]:col-span-3" onSubmit={send}>
      <label htmlFor={id} className="mb-1 block text-xs text-faint">
        {label}, as {name === 'stripeApiKey' ? 'Stripe' : 'Anthropic'} shows it
      </label>
      <span className="flex flex-wrap items-center gap-2">
        <input
          id={id}
          type="password"
          className="control w-full max-w-105"
          required
          autoComplete="off"
          spellCheck={false}
          aria-describedby={error ? `${id}-error` : undefined}
          aria-invalid={error !== null || undefined}
          ref={field}
          onKeyDown={({ key }) => (key === 'Escape' ? done('left') : undefined)}
        />
        <button type="submit" className="control border-accent! text-accent!" disabled={isBusy}>
          {isBusy ? 'Keeping…' : 'Keep it'}
        </button>
        <button type="button" className="control" onClick={() => done('left')}>
          Leave it
        </button>
      </span>
      {error ? (
        <div id={`${id}-error`} className="mt-2">
          <Failed error={error} />
        </div>
      ) : null}
    </form>
  );
}

function Remove({ name, label, done }: StepProps) {
  const { isBusy, error, run } = useChange(() => done('removed'));
  return (
    <div className="min-[721px]:col-span-3">
      <AskOnce
        question={
          name === 'anthropicApiKey'
            ? 'Calls with a member key are refused without it, at once.'
            : name === 'stripeApiKey'
              ? 'Nothing is sent to Stripe without it; everything is kept.'
              : 'It is forgotten.'
        }
        yes="Remove it"
        yesLabel={`Remove the ${label}`}
        no="Keep it"
        isBusy={isBusy}
        onYes={() => run(() => api.removeSecret(name))}
        onNo={() => done('left')}
      />
      {error ? (
        <div className="mt-2">
          <Failed error={error} />
        </div>
      ) : null}
    </div>
  );
}

/** Not through the query cache, which would hold what was sent. */
function useChange(onDone: () => void) {
  const changed = useSecretsChanged();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const run = (send: () => Promise<SecretsView>) => {
    setBusy(true);
    setError(null);
    send()
      .then((view) => {
        changed(view);
        onDone();
      })
      .catch((reason: unknown) => {
        setError(reason instanceof Error ? reason : new Error('The key could not be kept.'));
        setBusy(false);
      });
  };
  return { isBusy, error, run };
}
