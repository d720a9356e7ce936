/** One question in the place of the button that was pressed. The careful answer has the focus, and Escape is it too. */
import type { KeyboardEvent } from 'react';

import { focusOnce } from './focus-once.ts';

type AskOnceProps = {
  /** For a screen reader, and shown where `isShort` is not. */
  readonly question: string;
  readonly isShort?: boolean;
  readonly yes: string;
  /** Where the word alone does not say of what. */
  readonly yesLabel?: string;
  readonly no: string;
  readonly isBusy?: boolean;
  readonly onYes: () => void;
  readonly onNo: () => void;
};

export function AskOnce({ question, isShort = false, yes, yesLabel, no, isBusy = false, onYes, onNo }: AskOnceProps) {
  const onKeyDown = ({ key }: KeyboardEvent) => (key === 'Escape' ? onNo() : undefined);
  return (
    <div role="alertdialog" aria-label={question} className="inline-flex flex-wrap items-center gap-x-3 gap-y-2">
      {isShort ? null : <span className="text-left text-[13px] whitespace-normal">{question}</span>}
      <button
        type="button"
        className="control border-stop! text-stop!"
        aria-label={yesLabel}
        disabled={isBusy}
        onKeyDown={onKeyDown}
        onClick={onYes}
      >
        {yes}
      </button>
      <button type="button" className="control" ref={focusOnce} onKeyDown={onKeyDown} onClick={onNo}>
        {no}
      </button>
    </div>
  );
}
