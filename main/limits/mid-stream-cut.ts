/**
 * Cutting an answer whose running cost passes the call ceiling (setting `cutsMidStream`, off by default). Pure: when, and what the client is told.
 * The text ends a stream as Anthropic ends one that failed after 200: an `error` event and nothing after it (facts/anthropic.md section 2). What had
 * been sent is paid for, and the row is partial and estimated by the written rule of endings.
 */
import { formatUsd } from '../../shared/money.ts';

/** Null while nothing is known of the cost, or there is no ceiling: then nothing is cut. */
export function isOverCeiling(runningNanoUsd: number | null, ceilingNanoUsd: number | null): boolean {
  return runningNanoUsd !== null && ceilingNanoUsd !== null && runningNanoUsd > ceilingNanoUsd;
}

export const cutErrorType = 'billing_error';

/** To be written between two events of a stream, never inside one. */
export function cutEvent(runningNanoUsd: number, ceilingNanoUsd: number): string {
  const message = `Tollkeeper cut this answer: it had cost ${formatUsd(runningNanoUsd)}, more than the call ceiling of ${formatUsd(ceilingNanoUsd)}. Raise the ceiling, or switch off cutting in mid-stream.`;
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: cutErrorType, message } })}\n\n`;
}
