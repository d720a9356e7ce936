/** How a call ended, in the words of shared/settle.ts: what `forward` and the tap saw, put together. Pure. */
import type { CallEnd, EndingType } from '../../shared/settle.ts';
import type { Usage } from '../../shared/usage.ts';
import type { ForwardEnd } from './forward.ts';
import { outputTokensSoFar, usageOf, type OutputEstimate, type Progress } from './observe.ts';

/** What a running call has told so far. */
export type CallSoFar = {
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly outputTokensSoFar: number;
};

/** What `forward` saw of an answer on its way through. */
export type Passed = Pick<
  CallEnd,
  'startedAtMs' | 'endedAtMs' | 'firstByteMs' | 'httpStatus' | 'requestId' | 'responseBytes'
>;

export function callSoFar(progress: Progress, estimate: OutputEstimate): CallSoFar {
  return {
    model: progress.model,
    usage: progress.usage === null ? null : usageOf(progress),
    outputTokensSoFar: outputTokensSoFar(progress, estimate),
  };
}

export function callEnd(passed: Passed, progress: Progress, end: ForwardEnd, estimate: OutputEstimate): CallEnd {
  return {
    ...passed,
    ...callSoFar(progress, estimate),
    messageId: progress.messageId,
    stopReason: progress.stopReason,
    errorType: progress.errorType ?? errorTypeOf(end),
    usageJson: progress.usage === null ? null : JSON.stringify(progress.usage),
    // A message read to its end is whole even if the connection was cut behind it.
    isWhole: progress.isWhole,
    trouble: progress.unreadable ?? troubleOf(end),
  };
}

function errorTypeOf(end: ForwardEnd): EndingType | null {
  switch (end.kind) {
    case 'whole':
      return null;
    case 'cut_short':
      return 'call_ceiling';
    case 'client_left':
      return end.didReach ? 'client_left' : 'not_sent';
    case 'upstream_cut':
      return 'upstream_cut';
    case 'unreachable':
      return end.didReach ? 'no_answer' : 'unreachable';
  }
}

function troubleOf(end: ForwardEnd): string | null {
  switch (end.kind) {
    case 'whole':
    case 'cut_short':
      return null;
    case 'client_left':
      return end.didReach
        ? 'The client left before Anthropic reported the usage.'
        : 'The client left before the request was sent.';
    case 'upstream_cut':
      return end.didTimeOut
        ? 'Anthropic fell silent in mid-answer for longer than the limit.'
        : 'The connection to Anthropic broke before it reported the usage.';
    case 'unreachable':
      if (end.didTimeOut) return 'Anthropic took the request and did not answer within the limit.';
      return end.didReach ? 'Anthropic took the request and gave no answer.' : 'Anthropic could not be reached.';
  }
}
