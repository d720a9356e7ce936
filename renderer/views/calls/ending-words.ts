/** How a call ended, in a sentence; where its counts are estimated, from what and how far off that may be. Pure. */
import type { CallDetail } from '../../../shared/contract/api.ts';
import { typicalErrorPercent } from '../../../shared/estimate-error.ts';
import { shortModelName } from '../../../shared/plain-words.ts';

type EndedCall = Pick<
  CallDetail,
  'status' | 'errorType' | 'isEstimated' | 'model' | 'requestedModel' | 'passCount' | 'source'
>;

export function howItEnded(call: EndedCall): string {
  const name = shortModelName(call.model ?? call.requestedModel ?? 'An unknown model');
  switch (call.status) {
    case 'complete':
      return `${name} answered in full.${estimateOfWhole(call)}`;
    case 'partial':
      return `${call.errorType === 'client_left' ? 'The client left before the end.' : 'The answer was cut off.'}${estimateOfPart(call)}`;
    case 'failed':
      return 'It failed and costs nothing.';
    case 'refused':
      return 'Tollkeeper refused it; it never left this machine.';
    case 'in_flight':
      return 'It is on its way.';
  }
}

/** A transcript's line without a stop reason may be of before the end (facts/anthropic.md section 10, 8). */
function estimateOfWhole({ isEstimated, source }: EndedCall): string {
  if (!isEstimated) return '';
  return source === 'claude_code'
    ? ' Its transcript does not say why it stopped, so its counts may be from before the end.'
    : ' Its counts may be from before the end.';
}

function estimateOfPart({ isEstimated, passCount }: EndedCall): string {
  if (!isEstimated) return ' Its counts are those that Anthropic told at the end, exact.';
  if (passCount === 0) return ' Nothing is known of its tokens.';
  const { nearStart, nearEnd } = typicalErrorPercent;
  return ` Its input is exact; its output is estimated from what had been sent, typically off by ${nearEnd} % where the answer was nearly whole and by ${nearStart} % where it had just begun.`;
}
