/**
 * Output tokens of an answer that was cut, from what had been sent of it. Pure. Used for running and cut calls only, which are marked estimated.
 *
 * The rule: characters of text and thinking, characters of tool input and tool blocks each weigh something, by the tokenizer of the model; what the
 * model's own complete streams came to, against this rule, corrects it (calibration). Anthropic documents neither a tokenizer nor what it bills for an
 * answer that was cut (facts/anthropic.md sections 9 and 11); its own gateway books about 4 characters a token (section 2).
 * Limits: thinking that is not shown cannot be counted, and a tool of the server may write what no delta tells. See docs/output-estimate.md for
 * the error, measured.
 */

import { countsWithOlderTokenizer } from './tokenizer.ts';

/** What an answer has generated so far. Characters, not bytes: a tokenizer sees text. */
export type GeneratedOutput = {
  readonly textCharacters: number;
  /** JSON of tool calls, as written. */
  readonly toolInputCharacters: number;
  readonly toolBlocks: number;
};

type Weights = {
  readonly charactersPerTextToken: number;
  readonly charactersPerToolInputToken: number;
  readonly tokensPerToolBlock: number;
  /** What an answer costs beside its text. */
  readonly tokensPerMessage: number;
};

/** Fitted to the recorded traffic, which is all of the older tokenizer but for two streams: the least median and 95th percentile of the error. */
const olderTokenizer: Weights = {
  charactersPerTextToken: 4.2,
  charactersPerToolInputToken: 2.2,
  tokensPerToolBlock: 36,
  tokensPerMessage: 6,
};
/** Some 30 % more tokens for the same text (facts section 5). */
const newerTokenizer: Weights = {
  charactersPerTextToken: 3.2,
  charactersPerToolInputToken: 1.7,
  tokensPerToolBlock: 47,
  tokensPerMessage: 8,
};

function weightsOf(model: string | null): Weights {
  return countsWithOlderTokenizer(model) ? olderTokenizer : newerTokenizer;
}

/** By the rule alone. */
export function estimateByRule(model: string | null, generated: GeneratedOutput): number {
  const { textCharacters, toolInputCharacters, toolBlocks } = generated;
  if (textCharacters + toolInputCharacters + toolBlocks === 0) return 0;
  const weights = weightsOf(model);
  return (
    weights.tokensPerMessage +
    textCharacters / weights.charactersPerTextToken +
    toolInputCharacters / weights.charactersPerToolInputToken +
    toolBlocks * weights.tokensPerToolBlock
  );
}

/** Per model: what the rule said of its complete streams, and what Anthropic reported. Plain data, to be kept between starts. */
export type CalibrationState = Readonly<Record<string, { readonly byRule: number; readonly reported: number }>>;

export type OutputCalibration = {
  /** Whole tokens. */
  readonly estimate: (model: string | null, generated: GeneratedOutput) => number;
  /** A stream that ended, with the output that Anthropic reported for it. */
  readonly learn: (model: string | null, generated: GeneratedOutput, reportedTokens: number) => void;
  readonly snapshot: () => CalibrationState;
};

/** Tokens that a model must have written before its own figures outweigh the rule. */
const ruleWeightTokens = 2_000;
/** Above it the past is halved, so that a model that changes is followed. */
const rememberedTokensMax = 2_000_000;
const modelsMax = 100;
/** Shorter answers are mostly overhead and teach nothing. */
const learnedTokensMin = 20;
/** Beyond these bounds most of the output was never shown (hidden thinking), which says nothing of the text. */
const correctionMin = 0.5;
const correctionMax = 2;

export function createOutputCalibration(start: CalibrationState = {}): OutputCalibration {
  const known = new Map(Object.entries(start).slice(-modelsMax));

  function correctionOf(model: string | null): number {
    const sums = model === null ? undefined : known.get(model);
    return sums ? (sums.reported + ruleWeightTokens) / (sums.byRule + ruleWeightTokens) : 1;
  }

  return {
    estimate: (model, generated) => Math.ceil(estimateByRule(model, generated) * correctionOf(model)),
    learn: (model, generated, reportedTokens) => {
      const byRule = estimateByRule(model, generated);
      const ratio = reportedTokens / byRule;
      if (model === null || reportedTokens < learnedTokensMin || !(ratio > correctionMin && ratio < correctionMax))
        return;
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
