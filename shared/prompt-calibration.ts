/**
 * What the prompt rule is worth for each model, learnt from what Anthropic reports: the sum it reported against the sum the rule had said. Plain data,
 * bounded, kept by the caller between starts. Only prompts whose body shows all that counts teach something.
 */
import { promptTokensByRule, showsItsContext } from './prompt-estimate.ts';
import type { PromptMeasure } from './prompt-measure.ts';

/** Per model: what the rule said, and what Anthropic reported. Tokens. */
export type PromptCalibrationState = Readonly<Record<string, { readonly byRule: number; readonly reported: number }>>;

export type PromptCalibration = {
  /** What to multiply the rule by; 1 for a model that nothing is known of. */
  readonly correction: (model: string | null) => number;
  /** A call that was answered whole, with all the prompt tokens reported for it: input, cache writes and cache reads. */
  readonly learn: (measure: PromptMeasure, reportedTokens: number) => void;
  readonly snapshot: () => PromptCalibrationState;
};

/** Tokens that a model must have read before its own figures outweigh the rule. */
const ruleWeightTokens = 5_000;
/** Above it the past is halved, so that a model that changes is followed. */
const rememberedTokensMax = 20_000_000;
const modelsMax = 100;
/** Shorter prompts are mostly Anthropic's own additions. */
const learnedTokensMin = 20;
/** Beyond these bounds the body did not hold what the model read, whatever it seemed. */
const correctionMin = 0.4;
const correctionMax = 2.5;

export function createPromptCalibration(start: PromptCalibrationState = {}): PromptCalibration {
  const known = new Map(Object.entries(start).slice(-modelsMax));
  return {
    correction: (model) => {
      const sums = model === null ? undefined : known.get(model);
      return sums ? (sums.reported + ruleWeightTokens) / (sums.byRule + ruleWeightTokens) : 1;
    },
    learn: (measure, reportedTokens) => {
      const { model } = measure;
      const byRule = promptTokensByRule(measure);
      const ratio = reportedTokens / byRule;
      const isTeaching = showsItsContext(measure) && reportedTokens >= learnedTokensMin;
      if (model === null || !isTeaching || !(ratio > correctionMin && ratio < correctionMax)) return;
      const before = known.get(model) ?? { byRule: 0, reported: 0 };
      const fade = before.reported > rememberedTokensMax ? 0.5 : 1;
      // Deleting first keeps the map in order of use, so that the oldest goes when there are too many.
      known.delete(model);
      known.set(model, { byRule: before.byRule * fade + byRule, reported: before.reported * fade + reportedTokens });
      const oldest = known.keys().next();
      if (known.size > modelsMax && !oldest.done) known.delete(oldest.value);
    },
    snapshot: () => Object.fromEntries(known),
  };
}
