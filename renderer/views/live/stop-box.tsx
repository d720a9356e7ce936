/** A stopped call where a person decides: which limit, what it would have cost, what its client was told, what to do. */
import type { ReactNode } from 'react';

import type { RefusedCall } from '../../../shared/contract/limits-view.ts';
import { formatExpectedUsd } from '../../../shared/money.ts';
import { StopSign } from '../../components/sign.tsx';
import { Time } from '../../components/time.tsx';
import { overWhat, remedyOf } from '../../data/stopped.ts';

/** `children`: the way to let it on. */
export function StopBox({ call, children }: { readonly call: RefusedCall; readonly children?: ReactNode }) {
  const { atMs, cause, wouldCostNanoUsd, sentence } = call;
  return (
    <div className="mt-2.5 rounded-md bg-stop-soft px-2.5 py-2 text-[13px]">
      <div className="flex gap-2">
        <StopSign />
        <div className="min-w-0">
          <p>
            <b className="font-semibold">
              Its call of <Time at={atMs} kind="minute" /> was stopped: {overWhat(cause)}.
            </b>{' '}
            {wouldCostNanoUsd === null
              ? 'What it would have cost is not known; nothing was spent.'
              : `It would have cost about ${formatExpectedUsd(wouldCostNanoUsd)}; nothing was spent.`}{' '}
            {remedyOf(cause)}
          </p>
          <Told sentence={sentence} />
        </div>
      </div>
      {children}
    </div>
  );
}

export function Told({ sentence }: { readonly sentence: string }) {
  return (
    <details className="mt-1">
      <summary className="cursor-pointer py-1 text-dim">What its client was told</summary>
      <p className="mt-1 break-words">“{sentence}”</p>
    </details>
  );
}
