/** Takes a row away, after one question in its place. */
import { useState } from 'react';

import { AskOnce } from '../../components/ask-once.tsx';
import { focusOnce } from '../../components/focus-once.ts';

type RemoveRowProps = { readonly what: string; readonly remove: () => void };

export function RemoveRow({ what, remove }: RemoveRowProps) {
  const [step, setStep] = useState<'offered' | 'asked' | 'kept'>('offered');
  if (step === 'asked')
    return (
      <AskOnce
        question={`Remove ${what}?`}
        isShort
        yes="Remove"
        yesLabel={`Remove ${what}`}
        no="Keep it"
        onYes={remove}
        onNo={() => setStep('kept')}
      />
    );
  return (
    <button
      type="button"
      className="control"
      aria-label={`Remove ${what}…`}
      ref={step === 'kept' ? focusOnce : undefined}
      onClick={() => setStep('asked')}
    >
      Remove…
    </button>
  );
}
