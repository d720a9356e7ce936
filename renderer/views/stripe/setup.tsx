/** Set-up: whose account this ledger is billed to, what the key must be allowed, and the meters, product and prices, shown before they are made. */
import { useState } from 'react';

import type {
  SetupAction,
  SetupResult,
  SetupStep,
  SetupView,
  StripeAccountView,
} from '../../../shared/contract/stripe-setup.ts';
import { actionWords, outcomeWords } from '../../../shared/setup-words.ts';
import { AskOnce } from '../../components/ask-once.tsx';
import { CopyLine } from '../../components/copy-line.tsx';
import { plural } from '../../components/count.tsx';
import { EngineWords } from '../../components/engine-words.tsx';
import { Failed, Loading, Notice } from '../../components/states.tsx';
import { Tag, type Tone } from '../../components/tag.tsx';
import { Time } from '../../components/time.tsx';
import { useApplySetup, useLookAtSetup, useStripeAccount } from '../../data/billing-queries.ts';

export function Setup() {
  const { data: account, error } = useStripeAccount();
  return (
    <section className="mb-7" aria-labelledby="set-up">
      <h2 id="set-up" className="mb-1">
        Set-up
      </h2>
      {error ? <Failed error={error} /> : null}
      {account ? (
        <>
          <Account account={account} />
          {account.key.isOpen ? <Steps /> : null}
          <Permissions account={account} />
        </>
      ) : error ? null : (
        <Loading what="the account" />
      )}
    </section>
  );
}

function Account({ account: { bound, isDemo, key } }: { readonly account: StripeAccountView }) {
  return (
    <>
      <p className="mb-2 max-w-[90ch]">
        {bound === null ? (
          'This ledger is billed to no Stripe account yet: it is bound to one, test or live, at the first contact.'
        ) : (
          <>
            This ledger is billed to the{' '}
            <b className="font-semibold">
              {isDemo ? 'simulated' : bound.mode} account {bound.accountId}
            </b>{' '}
            <span className="text-dim">
              since <Time at={bound.boundAtMs} kind="day" />, and to no other.
            </span>
          </>
        )}
      </p>
      {key.isOpen ? null : (
        <Notice tone={bound === null ? 'look' : 'stopped'}>
          <EngineWords text={`${key.sentence} ${key.remedy ?? ''}`} />
        </Notice>
      )}
    </>
  );
}

function Permissions({ account: { permissions, newKeyLink } }: { readonly account: StripeAccountView }) {
  return (
    <details className="mt-3">
      <summary className="cursor-pointer text-[13px] text-dim">What a restricted key must be allowed</summary>
      <div className="framed mt-2">
        <table className="table stacks">
          <caption className="sr-only">Permissions of a restricted key, as Stripe’s Dashboard names them</caption>
          <thead>
            <tr>
              <th scope="col">Permission</th>
              <th scope="col">For all of it</th>
              <th scope="col">Every day</th>
              <th scope="col">What for</th>
            </tr>
          </thead>
          <tbody>
            {permissions.map(({ row, access, purpose, everyDay }) => (
              <tr key={row}>
                <td data-label="Permission">{row}</td>
                <td data-label="For all of it">{access}</td>
                <td data-label="Every day">{everyDay ?? '–'}</td>
                <td data-label="What for" className="text-dim min-[721px]:whitespace-normal!">
                  {purpose}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="mt-2 mb-1 text-[13px] text-dim">Stripe’s form for a new key, filled in with these:</p>
      <CopyLine text={newKeyLink} />
    </details>
  );
}

function Steps() {
  const look = useLookAtSetup();
  const apply = useApplySetup();
  const view = look.data;
  const steps = apply.data?.steps ?? view?.steps;
  const start = () => {
    apply.reset();
    look.mutate();
  };
  return (
    <>
      <p className="flex flex-wrap items-center gap-3 text-[13px] text-dim">
        <button type="button" className="control" disabled={look.isPending || apply.isPending} onClick={start}>
          {look.isPending ? 'Looking…' : view ? 'Look again' : 'Look what is to be done'}
        </button>
        <span role="status">{statusOf(view, apply.data)}</span>
      </p>
      {look.error ? <Failed error={look.error} /> : null}
      {apply.error ? <Failed error={apply.error} /> : null}
      {steps ? <StepTable steps={steps} /> : null}
      {view?.notes.map((note) => (
        <p key={note} className="mt-2 text-[13px] text-dim">
          {note}
        </p>
      ))}
      {view && view.toDo > 0 && !apply.data ? (
        <DoSteps key={view.revision} view={view} isBusy={apply.isPending} run={() => apply.mutate(view.revision)} />
      ) : null}
    </>
  );
}

type DoStepsProps = { readonly view: SetupView; readonly isBusy: boolean; readonly run: () => void };

/** Asked once, with whose account it is. */
function DoSteps({ view: { toDo, mode, accountId }, isBusy, run }: DoStepsProps) {
  const [isAsked, setAsked] = useState(false);
  return (
    <div className="mt-3">
      {isAsked && !isBusy ? (
        <AskOnce
          question={`Do ${plural(toDo, 'step')} in the ${modeWords[mode]} account ${accountId}?`}
          yes={`Do ${toDo === 1 ? 'it' : 'them'}`}
          no="Leave it"
          onYes={run}
          onNo={() => setAsked(false)}
        />
      ) : (
        <button
          type="button"
          className="control border-accent! text-accent!"
          disabled={isBusy}
          onClick={() => setAsked(true)}
        >
          {isBusy ? 'Doing it…' : `Do ${plural(toDo, 'step')}`}
        </button>
      )}
    </div>
  );
}

const modeWords = { demo: 'simulated', test: 'test', live: 'LIVE' } as const;

function statusOf(view: SetupView | undefined, result: SetupResult | undefined): string {
  if (result) return result.sentence;
  if (!view) return 'Reads the account and changes nothing.';
  if (view.toDo === 0 && view.toDecide === 0) return 'Everything is there: nothing is to be done.';
  const left = view.toDecide > 0 ? ` ${plural(view.toDecide, 'thing')} for you to look at.` : '';
  return `${view.toDo === 0 ? 'Nothing' : plural(view.toDo, 'step')} to be done.${left}`;
}

type Row = SetupStep & { readonly outcome?: SetupResult['steps'][number]['outcome'] };

function StepTable({ steps }: { readonly steps: readonly Row[] }) {
  return (
    <div className="framed mt-3 max-h-[420px] overflow-y-auto">
      <table className="table stacks">
        <caption className="sr-only">Steps of the set-up</caption>
        <thead>
          <tr>
            <th scope="col">To do</th>
            <th scope="col">What</th>
            <th scope="col">Name</th>
            <th scope="col">That is</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => (
            <tr key={`${step.what} ${step.name}`}>
              <td data-label="To do">
                <Tag tone={toneOf(step)}>{step.outcome ? outcomeWords[step.outcome] : actionWords[step.action]}</Tag>
              </td>
              <td data-label="What">{step.what}</td>
              <td data-label="Name">
                <code className="text-xs break-all">{step.name}</code>
              </td>
              <td data-label="That is" className="py-1.5 min-[721px]:whitespace-normal!">
                <span>
                  <EngineWords text={step.sentence} />{' '}
                  {step.remedy === null ? null : (
                    <span className="text-dim">
                      <EngineWords text={step.remedy} />
                    </span>
                  )}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const stopping: ReadonlySet<SetupAction> = new Set(['conflict', 'unknown']);

function toneOf({ action, outcome }: Row): Tone {
  if (outcome === 'failed' || outcome === 'skipped' || stopping.has(action)) return 'stopped';
  if (outcome === 'done' || outcome === 'found' || action === 'none') return 'well';
  return outcome === 'left' || action === 'by_hand' ? 'look' : 'plain';
}
