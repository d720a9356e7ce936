/**
 * What is expected of a call before it is sent: its prompt and its cost, from what its conversation was and what its model's calls came to. Learns from
 * every turn that is reported; what it has learnt is plain data, kept by the caller between starts.
 */
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { createPromptCalibration, type PromptCalibrationState } from '../../shared/prompt-calibration.ts';
import { estimatePrompt, type PromptEstimate } from '../../shared/prompt-estimate.ts';
import type { PromptMeasure } from '../../shared/prompt-measure.ts';
import { promptTokens } from '../../shared/usage.ts';
import { cacheLifetimeOf, cachedTokensAt, type ConversationState, type Turn } from './conversation-state.ts';
import { expectCost, type ExpectedCost } from './expected-cost.ts';
import { createOutputHistory, type OutputHistoryState } from './output-history.ts';

export type ExpectationMemory = {
  readonly promptCalibration: PromptCalibrationState;
  readonly outputHistory: OutputHistoryState;
};

export type ExpectedRequest = {
  /** Null where the body could not be read: then nothing is expected, and only what is spent can be asked. */
  readonly measure: PromptMeasure | null;
  readonly maxTokens: number | null;
  readonly nowMs: number;
};

export type Expectation = {
  readonly estimate: (measure: PromptMeasure | null, state: ConversationState) => PromptEstimate;
  readonly cost: (request: ExpectedRequest, promptTokens: number, state: ConversationState) => ExpectedCost;
  readonly learn: (turn: Turn, measure: PromptMeasure | null) => void;
  readonly snapshot: () => ExpectationMemory;
};

export function createExpectation(book: () => PriceBook, memory: Partial<ExpectationMemory>): Expectation {
  const calibration = createPromptCalibration(memory.promptCalibration);
  const outputs = createOutputHistory(memory.outputHistory);
  return {
    estimate: (measure, state) =>
      measure === null
        ? { tokens: 0, tokensByRule: 0, restsOn: 'body_in_part' }
        : estimatePrompt(measure, state.lastTurn, calibration.correction),
    cost: ({ measure, maxTokens, nowMs }, tokens, state) => {
      const model = measure?.model ?? null;
      const call = {
        model,
        promptTokens: tokens,
        outputTokens: outputs.expect(model, state.output, maxTokens),
        // A cache belongs to one model.
        cachedTokens: state.recent.at(-1)?.model === model ? cachedTokensAt(state.cache, nowMs) : 0,
        cacheLifetime: measure?.cacheLifetime ?? cacheLifetimeOf(state),
        atMs: nowMs,
      };
      return expectCost(call, book());
    },
    learn: (turn, measure) => {
      if (promptTokens(turn.counts) === 0) return;
      outputs.learn(turn.model, turn.counts.outputTokens);
      if (measure !== null) calibration.learn(measure, promptTokens(turn.counts));
    },
    snapshot: () => ({ promptCalibration: calibration.snapshot(), outputHistory: outputs.snapshot() }),
  };
}
