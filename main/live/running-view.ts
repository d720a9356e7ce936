/** What a call on its way shows: the counts it has told so far and the floor of its cost. Priced anew at each look, never stored. */
import type { CallOutcome } from '../../shared/call.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { priceUsage } from '../../shared/pricing/price.ts';
import type { Usage } from '../../shared/usage.ts';
import type { RunningView } from './live.ts';

/** What a running call has told so far. */
export type CallSoFar = {
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly outputTokensSoFar: number;
};

export function createRunningView(soFar: () => CallSoFar, startedAtMs: number, book: PriceBook): RunningView {
  return () => {
    const { model, usage, outputTokensSoFar } = soFar();
    if (usage === null) {
      return { model, inputTokens: 0, cacheReadTokens: 0, outputTokens: 0, costNanoUsd: null, unpricedReason: null };
    }
    const running = { ...usage, outputTokens: outputTokensSoFar, passes: [] };
    const priced = priceUsage({ model, usage: running, stopReason: null, atMs: startedAtMs }, book);
    return {
      model,
      inputTokens: usage.inputTokens + usage.cacheWrite5mTokens + usage.cacheWrite1hTokens,
      cacheReadTokens: usage.cacheReadTokens,
      outputTokens: outputTokensSoFar,
      costNanoUsd: priced.kind === 'priced' ? priced.costNanoUsd : null,
      unpricedReason: priced.kind === 'priced' ? null : priced.reason,
    };
  };
}

/** What a call has told when it is over. */
export function saidOf(outcome: CallOutcome): ReturnType<RunningView> {
  const { model, inputTokens, cacheWrite5mTokens, cacheWrite1hTokens, cacheReadTokens, outputTokens } = outcome;
  const { costNanoUsd, unpricedReason } = outcome;
  const allInputTokens = inputTokens + cacheWrite5mTokens + cacheWrite1hTokens;
  return { model, inputTokens: allInputTokens, cacheReadTokens, outputTokens, costNanoUsd, unpricedReason };
}
