/** A refused call explained: what it would have cost, what its client was told, and the click that lets its conversation on. Nothing for any other call. */
import type { CallDetail } from '../../../shared/contract/api.ts';
import { formatExpectedUsd } from '../../../shared/money.ts';
import { LetOnByName } from '../../components/let-on.tsx';
import { StopSign } from '../../components/sign.tsx';

export function RefusedCall({ call }: { readonly call: CallDetail }) {
  const { status, wouldCostNanoUsd, refusal, conversation } = call;
  if (status !== 'refused') return null;
  return (
    <div className="mb-4 rounded-md border border-stop bg-stop-soft px-3 py-2.5 text-[13px]">
      <div className="flex gap-2">
        <StopSign />
        <div className="min-w-0">
          <p className="font-semibold">
            {wouldCostNanoUsd === null
              ? 'What it would have cost is not known: its model has no price.'
              : `It would have cost about ${formatExpectedUsd(wouldCostNanoUsd)}. Nothing was spent.`}
          </p>
          {refusal === null ? null : <p className="mt-1 break-words">Its client was told: “{refusal}”</p>}
        </div>
      </div>
      {conversation === null ? null : <LetOnByName conversation={conversation} />}
    </div>
  );
}
