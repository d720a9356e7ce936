/**
 * Tokens of a prompt before it is sent. Pure. Used to decide, never to bill: what a call costs is what Anthropic reports for it.
 *
 * The rule: what stands in the text weighs something by the model's tokenizer; tools, thinking, output schemas and citations bring instructions of
 * Anthropic's own; images and documents go by their own rules (shared/media-tokens.ts). What a model's own calls came to against that rule corrects it
 * (calibration). In a conversation the last turn, whose tokens Anthropic told, is the base, and only what has been added since is estimated; a
 * message thread, whose body holds nothing else, has no other.
 * Limits: Anthropic publishes no tokenizer. See docs/limits.md for the error, measured.
 */
import { imageTokensMax } from './media-tokens.ts';
import type { PromptMeasure } from './prompt-measure.ts';
import type { TextMeasure } from './text-measure.ts';
import { countsWithOlderTokenizer } from './tokenizer.ts';
import { promptTokens, type TokenCounts, type Usage } from './usage.ts';

/** Tokens for one of each, with the older tokenizer. Fitted to the recorded traffic within what is plausible; see docs/limits.md. */
const textWeights: TextMeasure = {
  words: 0.9,
  letters: 0.06,
  digits: 0.5,
  symbols: 0.5,
  spaceRuns: 0.7,
  spaces: 0.04,
  accents: 0.8,
  otherLetters: 0.5,
  ideographs: 1.1,
  surrogates: 1.2,
  opaque: 0.65,
};
/** The newer tokenizer makes some 30 % more tokens of the same text (facts section 5). */
const newerTokenizerTenths = 13;

const tokensPerRequest = 5;
const tokensPerMessage = 3;
const tokensOfSystem = 3;
const tokensPerTool = 12;
const tokensPerToolCall = 30;
const tokensPerToolResult = 24;
/** Instructions that Anthropic adds for extended thinking, measured with count_tokens. */
const tokensOfThinking = 29;
const tokensOfOutputSchema = 145;
const tokensOfCitations = 590;
/** The description of one tool of Anthropic's, and what it needs to run. */
const tokensPerServerTool = 2_000;
/** A document of which nothing is known. */
const tokensOfUnseenDocument = 10_000;

/** Instructions for the use of tools: [free choice, forced] (facts section 4; platform docs for the older models). The first that matches counts. */
const toolInstructions: readonly (readonly [RegExp, number, number])[] = [
  [/opus-5/, 286, 406],
  [/opus-4-8/, 290, 410],
  [/opus-4-7/, 675, 804],
  [/4-[56]/, 497, 589],
  [/sonnet-5/, 354, 474],
  [/(?:opus|sonnet)-4|3-7-sonnet/, 346, 313],
  [/3-5-sonnet/, 294, 261],
  [/3-opus/, 530, 281],
  [/3-sonnet/, 159, 235],
  [/3-(?:5-)?haiku/, 264, 340],
];
const unknownToolInstructions = [354, 474] as const;

export function promptTokensByRule(measure: PromptMeasure): number {
  const { model } = measure;
  const ofText = textTokens(measure.text) * (countsWithOlderTokenizer(model) ? 1 : newerTokenizerTenths / 10);
  const ofShape =
    tokensPerRequest +
    measure.messages * tokensPerMessage +
    (measure.hasSystem ? tokensOfSystem : 0) +
    measure.clientTools * tokensPerTool +
    measure.toolCalls * tokensPerToolCall +
    measure.toolResults * tokensPerToolResult;
  const ofMedia =
    measure.mediaTokens +
    measure.unseenImages * imageTokensMax(model) +
    measure.unseenDocuments * tokensOfUnseenDocument;
  return ofText + ofShape + ofMedia + instructionTokens(measure);
}

function textTokens(text: TextMeasure): number {
  return (
    text.words * textWeights.words +
    text.letters * textWeights.letters +
    text.digits * textWeights.digits +
    text.symbols * textWeights.symbols +
    text.spaceRuns * textWeights.spaceRuns +
    text.spaces * textWeights.spaces +
    text.accents * textWeights.accents +
    text.otherLetters * textWeights.otherLetters +
    text.ideographs * textWeights.ideographs +
    text.surrogates * textWeights.surrogates +
    text.opaque * textWeights.opaque
  );
}

function instructionTokens(measure: PromptMeasure): number {
  const [, free, forced] = toolInstructions.find(([models]) => models.test(measure.model ?? '')) ?? [
    null,
    ...unknownToolInstructions,
  ];
  return (
    (measure.clientTools > 0 ? (measure.isToolForced ? forced : free) : 0) +
    measure.serverTools * tokensPerServerTool +
    (measure.hasThinking ? tokensOfThinking : 0) +
    (measure.hasOutputSchema ? tokensOfOutputSchema : 0) +
    (measure.hasCitations ? tokensOfCitations : 0)
  );
}

/** What Anthropic told of a conversation's last turn, beside what the rule had made of its body. */
export type LastTurn = {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly tokensByRule: number;
  readonly model: string | null;
};

export type PromptEstimate = {
  /** Whole tokens. */
  readonly tokens: number;
  /** By the rule alone: what the next turn of the conversation is compared with. */
  readonly tokensByRule: number;
  /**
   * `body`: everything that counts stands in it. `last_turn`: what Anthropic told of it, and what has been added since. `body_in_part`: the body names
   * what it does not show (a thread, a file, an address, a tool of Anthropic's), and there is no last turn to know it from.
   */
  readonly restsOn: 'body' | 'last_turn' | 'body_in_part';
};

export function showsItsContext(measure: PromptMeasure): boolean {
  const unseen = measure.unseenImages + measure.unseenDocuments + measure.serverTools;
  return unseen === 0 && !measure.isThread && !measure.isEdited;
}

/** The counts of the pass that answered: of several the last, since their sum is no context. */
export function contextCountsOf(usage: Usage): TokenCounts {
  return usage.passes.findLast(({ kind }) => kind === 'message' || kind === 'fallback_message') ?? usage;
}

/** The prompt that the model read for its answer. */
export function contextTokensOf(usage: Usage): number {
  return promptTokens(contextCountsOf(usage));
}

/** Within a tenth of a limit, on either side, the estimate cannot decide: `count_tokens` is worth asking. */
export function isNearLimit(tokens: number, limitTokens: number): boolean {
  return Math.abs(tokens - limitTokens) * 10 <= limitTokens;
}

/** `correction` is what calibration says of the model, 1 where it says nothing. */
export function estimatePrompt(
  measure: PromptMeasure,
  lastTurn: LastTurn | null,
  correction: (model: string | null) => number,
): PromptEstimate {
  const tokensByRule = promptTokensByRule(measure);
  const corrected = tokensByRule * correction(measure.model);
  const isComparable =
    lastTurn !== null &&
    lastTurn.promptTokens > 0 &&
    countsWithOlderTokenizer(lastTurn.model) === countsWithOlderTokenizer(measure.model);
  if (!isComparable) {
    const restsOn = showsItsContext(measure) ? 'body' : 'body_in_part';
    return { tokens: Math.ceil(corrected), tokensByRule, restsOn };
  }
  const since = measure.isThread
    ? lastTurn.outputTokens + corrected
    : (tokensByRule - lastTurn.tokensByRule) * correction(measure.model);
  // A list that was shortened can come to less than the rule dares to take away; a prompt is never nothing.
  const tokens = Math.max(1, Math.ceil(lastTurn.promptTokens + since));
  return { tokens, tokensByRule, restsOn: 'last_turn' };
}
