/** How a call stands, as tags: on its way, cut, failed, refused, estimated, unpriced. A complete and priced call has none. */
import type { CallRow } from '../../shared/contract/api.ts';
import { Tag } from './tag.tsx';

type TaggedCall = Pick<
  CallRow,
  'status' | 'isEstimated' | 'costNanoUsd' | 'httpStatus' | 'errorType' | 'unpricedReason'
>;

export function CallTags({ call }: { readonly call: TaggedCall }) {
  return (
    <span className="inline-flex gap-1">
      {call.status === 'failed' ? <Tag tone="stopped">{failure(call)}</Tag> : null}
      {call.status === 'refused' ? <Tag tone="stopped">refused</Tag> : null}
      {call.status === 'partial' ? <Tag tone="look">{call.isEstimated ? 'cut off, estimated' : 'cut off'}</Tag> : null}
      {call.costNanoUsd === null ? <Tag tone="look">unpriced</Tag> : null}
    </span>
  );
}

function failure({ httpStatus, errorType }: TaggedCall): string {
  if (httpStatus === null) return 'not reached';
  return errorType === null ? `failed ${httpStatus}` : `${httpStatus} ${errorType.replaceAll('_', ' ')}`;
}
