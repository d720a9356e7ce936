/**
 * How much a model writes in an answer, from what it wrote before: what a call is expected to cost rests on that and not on `max_tokens`, which is the
 * worst case and would starve parallel agents. Plain data, bounded, kept by the caller between starts.
 */

/** Per model: a running mean of the output tokens of its answers, and how many it rests on. */
export type OutputHistoryState = Readonly<Record<string, { readonly meanTokens: number; readonly answers: number }>>;

export type OutputHistory = {
  /** Whole tokens: of the conversation's own answers where it has any, else of the model's, else a common one; never above `maxTokens`. */
  readonly expect: (model: string | null, ofConversation: OutputMean | null, maxTokens: number | null) => number;
  readonly learn: (model: string | null, outputTokens: number) => void;
  readonly snapshot: () => OutputHistoryState;
};

export type OutputMean = { readonly meanTokens: number; readonly answers: number };

/** For a model that nothing is known of. */
const commonTokens = 800;
/** The mean follows what is new: an answer weighs at least this share. */
const rememberedAnswers = 50;
/** Answers after which a conversation's own mean stands by itself; before, the model's helps. */
const ownAnswersMin = 3;
const modelsMax = 100;

export function nextMean(before: OutputMean | null | undefined, outputTokens: number): OutputMean {
  const answers = Math.min((before?.answers ?? 0) + 1, rememberedAnswers);
  const mean = before?.meanTokens ?? 0;
  return { meanTokens: mean + (outputTokens - mean) / answers, answers };
}

export function createOutputHistory(start: OutputHistoryState = {}): OutputHistory {
  const known = new Map(Object.entries(start).slice(-modelsMax));
  return {
    expect: (model, ofConversation, maxTokens) => {
      const ofModel = (model === null ? undefined : known.get(model))?.meanTokens ?? commonTokens;
      const answers = Math.min(ofConversation?.answers ?? 0, ownAnswersMin);
      const own = ofConversation?.meanTokens ?? 0;
      const mean = (own * answers + ofModel * (ownAnswersMin - answers)) / ownAnswersMin;
      return Math.min(Math.ceil(mean), maxTokens ?? Number.MAX_SAFE_INTEGER);
    },
    learn: (model, outputTokens) => {
      if (model === null) return;
      const next = nextMean(known.get(model), outputTokens);
      // Deleting first keeps the map in order of use, so that the oldest goes when there are too many.
      known.delete(model);
      known.set(model, next);
      const oldest = known.keys().next();
      if (known.size > modelsMax && !oldest.done) known.delete(oldest.value);
    },
    snapshot: () => Object.fromEntries(known),
  };
}
