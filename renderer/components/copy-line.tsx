/** A line for a terminal, with a button that copies it. */
import { useState } from 'react';

export function CopyLine({ text }: { readonly text: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <div className="flex flex-wrap items-center gap-3">
      <code className="rounded-md bg-sunk px-3 py-2 text-[13px] wrap-anywhere text-text">{text}</code>
      <button type="button" className="control" aria-label={`Copy: ${text}`} onClick={() => void copy()}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
