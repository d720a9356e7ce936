/**
 * Whether a running answer is cut (setting `cutsMidStream`): its running cost, priced as the screen prices it, has passed the call ceiling of its project,
 * and its conversation was not let on. Pure; the proxy asks between two events of a stream and writes what it is told. A fault in here cuts nothing and is
 * shown.
 */
import type { BegunCall } from '../../shared/call.ts';
import { ownLimitsOf } from '../../shared/contract/limits.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { priceUsage } from '../../shared/pricing/price.ts';
import type { Usage } from '../../shared/usage.ts';
import type { Limits } from './limits.ts';
import { cutEvent, isOverCeiling } from './mid-stream-cut.ts';

export type AnswerSoFar = {
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly outputTokensSoFar: number;
};

/** The last event of the stream, or null: it goes on. */
export type CutShort = (call: BegunCall, soFar: AnswerSoFar) => string | null;

export type CutShortOptions = {
  readonly limits: Limits;
  readonly book: () => PriceBook;
  readonly nowMs: () => number;
  readonly onFailure: (sentence: string) => void;
};

export function createCutShort({ limits, book, nowMs, onFailure }: CutShortOptions): CutShort {
  function lastEvent(call: BegunCall, { model, usage, outputTokensSoFar }: AnswerSoFar): string | null {
    const { callCeilingNanoUsd } = ownLimitsOf(limits.rules(), call.project);
    if (callCeilingNanoUsd === null || usage === null) return null;
    const running = { ...usage, outputTokens: outputTokensSoFar, passes: [] };
    const priced = priceUsage({ model, usage: running, stopReason: null, atMs: call.startedAtMs }, book());
    const costNanoUsd = priced.kind === 'priced' ? priced.costNanoUsd : null;
    if (costNanoUsd === null || !isOverCeiling(costNanoUsd, callCeilingNanoUsd)) return null;
    return limits.letOn.isLetOn(call.conversation, nowMs()) ? null : cutEvent(costNanoUsd, callCeilingNanoUsd);
  }

  return (call, soFar) => {
    try {
      return lastEvent(call, soFar);
    } catch (error) {
      onFailure(
        `The limits failed and an answer was not cut: ${error instanceof Error ? error.message : String(error)}`,
      );
      return null;
    }
  };
}
