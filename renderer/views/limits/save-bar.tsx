/** Below a change that is being made: whether anything would change, saving it, and dropping it after one question. Stays in sight. */
import { useState } from 'react';

import { AskOnce } from '../../components/ask-once.tsx';

type SaveBarProps = {
  readonly isChanged: boolean;
  readonly isSaving: boolean;
  /** How many fields are wrong, once somebody has tried to save. */
  readonly wrongFields: number;
  readonly drop: () => void;
};

export function SaveBar({ isChanged, isSaving, wrongFields, drop }: SaveBarProps) {
  const [isAsked, setAsked] = useState(false);
  return (
    <div className="sticky bottom-0 z-1 flex min-h-13 flex-wrap items-center gap-x-3 gap-y-2 border-t border-line bg-bg py-2.5">
      {isAsked ? (
        <AskOnce
          question="What you changed here is not kept."
          yes="Drop the change"
          no="Go on"
          onYes={drop}
          onNo={() => setAsked(false)}
        />
      ) : (
        <>
          <button type="submit" className="control border-accent! text-accent!" disabled={isSaving || !isChanged}>
            {isSaving ? 'Saving…' : 'Save'}
          </button>
          <button type="button" className="control" onClick={() => (isChanged ? setAsked(true) : drop())}>
            {isChanged ? 'Drop the change…' : 'Close'}
          </button>
          <span role="status" className={`text-[13px] ${wrongFields > 0 ? 'text-stop' : 'text-dim'}`}>
            {barWords(isChanged, wrongFields)}
          </span>
        </>
      )}
    </div>
  );
}

function barWords(isChanged: boolean, wrongFields: number): string {
  if (wrongFields > 0)
    return wrongFields === 1 ? 'One field cannot be used yet.' : `${wrongFields} fields cannot be used yet.`;
  return isChanged ? 'Not saved yet. It holds for the next call once it is.' : 'Nothing is changed yet.';
}
