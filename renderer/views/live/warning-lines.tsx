/** Warnings as sentences, each with its number in it, what to do, and when it was said. The newest stand open, the ones before them behind a line. */
import type { ReactNode } from 'react';

import type { ConversationWarning } from '../../../shared/contract/limits-view.ts';
import { plural } from '../../components/count.tsx';
import { LookSign } from '../../components/sign.tsx';
import { Time } from '../../components/time.tsx';

const openMax = 2;

/** `warnings`: the oldest first. `notice`: what is about to happen, before what has been said. */
export function WarningLines({
  warnings,
  notice,
}: {
  readonly warnings: readonly ConversationWarning[];
  readonly notice: string | null;
}) {
  const { open, earlier } = inOrder(warnings);
  if (open.length === 0 && notice === null) return null;
  return (
    <div className="mt-2.5 flex flex-col gap-1.5 text-[13px]">
      {notice === null ? null : <Line>{notice}</Line>}
      {open.map((warning) => (
        <Said key={warning.cause} warning={warning} />
      ))}
      {earlier.length === 0 ? null : (
        <details>
          <summary className="cursor-pointer py-1 text-dim">{plural(earlier.length, 'earlier warning')}</summary>
          <div className="mt-1.5 flex flex-col gap-1.5">
            {earlier.map((warning) => (
              <Said key={warning.cause} warning={warning} />
            ))}
          </div>
        </details>
      )}
    </div>
  );
}

/** The newest first. A lower step of the context is behind the higher one, however new: nobody needs 50 % beside 90 %. */
function inOrder(warnings: readonly ConversationWarning[]) {
  const newest = warnings.toReversed();
  const step = newest.find(isOfContext);
  const worth = newest.filter((warning) => !isOfContext(warning) || warning === step);
  const open = worth.slice(0, openMax);
  return { open, earlier: newest.filter((warning) => !open.includes(warning)) };
}

function isOfContext({ cause }: ConversationWarning): boolean {
  return cause.startsWith('context_');
}

function Said({ warning: { sentence, remedy, atMs } }: { readonly warning: ConversationWarning }) {
  return (
    <Line>
      {sentence} {remedy}{' '}
      <span className="text-xs whitespace-nowrap text-dim">
        said <Time at={atMs} kind="minute" />
      </span>
    </Line>
  );
}

function Line({ children }: { readonly children: ReactNode }) {
  return (
    <div className="flex gap-2 rounded-md bg-warn-soft px-2.5 py-2">
      <LookSign />
      <p className="min-w-0">{children}</p>
    </div>
  );
}
