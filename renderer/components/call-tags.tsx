/** How a call stands, as tags: on its way, cut, failed, refused, estimated. A complete and counted call has none. That a call has no price is said where its cost would stand, with the reason here. */
import type { CallRow } from '../../shared/contract/api.ts';
import { formatExpectedUsd } from '../../shared/money.ts';
import { Tag } from './tag.tsx';

type TaggedCall = Pick<CallRow, 'status' | 'isEstimated' | 'httpStatus' | 'errorType'>;

export function CallTags({ call }: { readonly call: TaggedCall }) {
  const { status, isEstimated } = call;
  if (status === 'complete' && !isEstimated) return null;
  return (
    <span className="inline-flex gap-1">
      {status === 'failed' ? <Tag tone="stopped">{failure(call)}</Tag> : null}
      {status === 'refused' ? <Tag tone="stopped">refused</Tag> : null}
      {status === 'partial' ? <Tag tone="look">{isEstimated ? 'cut off, estimated' : 'cut off'}</Tag> : null}
      {status === 'complete' ? <Tag tone="look">estimated</Tag> : null}
    </span>
  );
}

type CallStateProps = {
  readonly call: TaggedCall & Pick<CallRow, 'unpricedReason' | 'wouldCostNanoUsd'>;
  /** In a table that has no room for a sentence. */
  readonly isNarrow?: boolean;
};

/** The last cell of a list of calls: the tags, and why a call has no price. Nothing for most, so that a narrow list has no empty line. */
export function CallState({ call, isNarrow = false }: CallStateProps) {
  const { status, isEstimated, unpricedReason } = call;
  if (status === 'complete' && !isEstimated && unpricedReason === null) return null;
  return (
    <span className="inline-flex items-baseline gap-2 max-[720px]:flex-wrap max-[720px]:justify-end">
      <CallTags call={call} />
      {call.wouldCostNanoUsd === null ? null : (
        <span className="text-xs whitespace-nowrap text-dim">
          would have cost {formatExpectedUsd(call.wouldCostNanoUsd)}
        </span>
      )}
      <UnpricedReason reason={unpricedReason} width={widthOf(status === 'complete', isNarrow)} />
    </span>
  );
}

/** Room for a sentence, for its beginning, for its beginning beside a tag. The whole of it is in the panel of the call. */
const widths = {
  wide: 'max-w-[46ch]',
  wideBeside: 'max-w-[28ch]',
  narrow: 'max-w-[26ch] min-[1400px]:max-w-[42ch]',
  beside: 'max-w-[11ch] min-[1400px]:max-w-[26ch]',
};

function widthOf(isAlone: boolean, isNarrow: boolean): keyof typeof widths {
  if (isNarrow) return isAlone ? 'narrow' : 'beside';
  return isAlone ? 'wide' : 'wideBeside';
}

type UnpricedReasonProps = { readonly reason: string | null; readonly width?: keyof typeof widths };

export function UnpricedReason({ reason, width = 'wide' }: UnpricedReasonProps) {
  if (reason === null) return null;
  return (
    <span
      className={`inline-block truncate align-middle text-xs text-warn max-[720px]:max-w-none max-[720px]:whitespace-normal ${widths[width]}`}
      title={reason}
    >
      {reason}
    </span>
  );
}

function failure({ httpStatus, errorType }: TaggedCall): string {
  if (httpStatus === null) return 'not reached';
  return errorType === null ? `failed ${httpStatus}` : `${httpStatus} ${errorType.replaceAll('_', ' ')}`;
}
