/**
 * The click that lets one conversation on past its limits, for an hour or for good, and the one that takes it back. For good asks once more, in place,
 * since nothing ends it but a person. Spends nothing by itself.
 */
import { useId, useState, type KeyboardEvent } from 'react';

import { useAllow, useLimits, useRevoke } from '../data/queries.ts';
import { focusOnce } from './focus-once.ts';
import { Failed } from './states.tsx';
import { Time } from './time.tsx';

const hourMs = 3_600_000;

type LetOnProps = {
  readonly conversation: string;
  /** Null where it is not let on; `untilMs` null for good. */
  readonly letOn: { readonly untilMs: number | null } | null;
};

export function LetOn({ conversation, letOn }: LetOnProps) {
  const allow = useAllow();
  const revoke = useRevoke();
  // What was clicked goes away with its click; the focus goes on to what takes its place.
  const [isActed, setActed] = useState(false);
  const error = allow.error ?? revoke.error;
  return (
    <div className="mt-2.5 text-[13px]">
      {letOn === null ? (
        <Offer
          isBusy={allow.isPending}
          isActed={isActed}
          allow={(forMs) => {
            setActed(true);
            allow.mutate({ conversation, forMs });
          }}
        />
      ) : (
        <Standing
          letOn={letOn}
          isBusy={revoke.isPending}
          isActed={isActed}
          takeBack={() => {
            setActed(true);
            revoke.mutate(conversation);
          }}
        />
      )}
      {error ? (
        <div className="mt-2">
          <Failed error={error} />
        </div>
      ) : null}
    </div>
  );
}

/** Where the picture does not tell whether it is let on: asked of the limits. Nothing until they answer, since a wrong offer would be worse. */
export function LetOnByName({ conversation }: { readonly conversation: string }) {
  const { data } = useLimits();
  if (!data) return null;
  const letOn = data.letOn.find((one) => one.conversation === conversation) ?? null;
  return <LetOn conversation={conversation} letOn={letOn} />;
}

type StandingProps = {
  readonly letOn: { readonly untilMs: number | null };
  readonly isBusy: boolean;
  readonly isActed: boolean;
  readonly takeBack: () => void;
};

function Standing({ letOn: { untilMs }, isBusy, isActed, takeBack }: StandingProps) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
      <span role="status">
        Let on{' '}
        {untilMs === null ? (
          'for good'
        ) : (
          <>
            until <Time at={untilMs} kind="minute" />
          </>
        )}
        : no limit stops it, and what it spends counts.
      </span>
      <button
        type="button"
        className="control"
        disabled={isBusy}
        ref={isActed ? focusOnce : undefined}
        onClick={takeBack}
      >
        Take it back
      </button>
    </div>
  );
}

type OfferProps = {
  readonly isBusy: boolean;
  readonly isActed: boolean;
  readonly allow: (forMs: number | null) => void;
};

function Offer({ isBusy, isActed, allow }: OfferProps) {
  const [step, setStep] = useState<'offered' | 'asked' | 'declined'>('offered');
  if (step === 'asked') return <Question isBusy={isBusy} allow={allow} decline={() => setStep('declined')} />;
  return (
    <div className="flex flex-wrap items-center gap-2" role="group" aria-label="Let it on past its limits">
      <span className="text-dim">Let it on</span>
      <button
        type="button"
        className="control"
        disabled={isBusy}
        ref={isActed ? focusOnce : undefined}
        onClick={() => allow(hourMs)}
      >
        for an hour
      </button>
      <button
        type="button"
        className="control"
        disabled={isBusy}
        ref={step === 'declined' ? focusOnce : undefined}
        onClick={() => setStep('asked')}
      >
        for good…
      </button>
    </div>
  );
}

type QuestionProps = {
  readonly isBusy: boolean;
  readonly allow: (forMs: number | null) => void;
  readonly decline: () => void;
};

function Question({ isBusy, allow, decline }: QuestionProps) {
  const words = useId();
  const onKeyDown = ({ key }: KeyboardEvent) => (key === 'Escape' ? decline() : undefined);
  return (
    <div role="alertdialog" aria-labelledby={words} className="rounded-md border border-line bg-bg px-3 py-2">
      <p id={words}>
        For good lifts the context limit, the call ceiling and every budget for this conversation until somebody takes
        it back. What it spends still counts.
      </p>
      <div className="mt-2 flex flex-wrap gap-2">
        <button type="button" className="control" disabled={isBusy} onKeyDown={onKeyDown} onClick={() => allow(null)}>
          Let it on for good
        </button>
        {/* The careful answer has the focus first. */}
        <button type="button" className="control" ref={focusOnce} onKeyDown={onKeyDown} onClick={decline}>
          Keep the limits
        </button>
      </div>
    </div>
  );
}
