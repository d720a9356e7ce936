/**
 * Why two meters tell different totals of the same transcripts. Pure. Nothing is guessed: our total is worked out again with one of Anthropic's rules
 * after another left out, as ccusage leaves them out (facts/anthropic.md section 8), and what a step takes away or adds is that cause's amount. What the
 * steps do not come to is told as unexplained.
 */
import { periodAt, type PriceBook } from '../../shared/pricing/price-book.ts';
import { priceUsage } from '../../shared/pricing/price.ts';
import { addCounts, billedPasses, noTokens, promptTokens, readUsage, type WireObject } from '../../shared/usage.ts';

export type ModelSums = {
  readonly inputTokens: number;
  readonly cacheWriteTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
};

/** A message in its last state, and under how many request ids it was told. */
export type ToldMessage = {
  readonly model: string;
  readonly usage: WireObject;
  readonly stopReason: string | null;
  readonly atMs: number;
  readonly requests: number;
};

export type Amount = { readonly tokens: number; readonly costUsd: number };
export type Cause = Amount & { readonly words: string };
export type Difference = Amount & {
  readonly model: string;
  readonly causes: readonly Cause[];
  /** What no cause accounts for; both are 0 where everything is explained. */
  readonly unexplained: Amount;
};

const nothing: Amount = { tokens: 0, costUsd: 0 };
/** Sums of floats on the other side: half a micro-dollar is no difference. */
const noticeableUsd = 5e-7;

/** Ours less theirs, model by model; models on which both agree are left out. `messages` is asked only where they do not. */
export function explainDifferences(
  ours: ReadonlyMap<string, ModelSums>,
  theirs: ReadonlyMap<string, ModelSums>,
  messages: (model: string) => readonly ToldMessage[],
  book: PriceBook,
): Difference[] {
  const models = [...new Set([...ours.keys(), ...theirs.keys()])].toSorted();
  return models.flatMap((model) => {
    const [mine, other] = [amountOf(ours.get(model)), amountOf(theirs.get(model))];
    if (isNothing(minus(mine, other))) return [];
    return [{ model, ...minus(mine, other), ...explain(mine, other, messages(model), book) }];
  });
}

function explain(mine: Amount, other: Amount, messages: readonly ToldMessage[], book: PriceBook) {
  const causes: Cause[] = [];
  let left: ReadonlySet<Rule> = new Set(rules.map(({ rule }) => rule));
  let worth = worthOf(messages, left, book);
  const unseen = minus(mine, worth);
  for (const { rule, words } of rules) {
    // A model that has tokens there and no cost at all is not in its price list; else its prices are taken to be the same.
    if (rule === 'a price' && other.costUsd > 0) continue;
    left = new Set([...left].filter((each) => each !== rule));
    const without = worthOf(messages, left, book);
    const amount = minus(worth, without);
    worth = without;
    if (!isNothing(amount)) causes.push({ words, ...amount });
  }
  const rest = plus(unseen, minus(worth, other));
  return { causes, unexplained: isNothing(rest) ? nothing : rest };
}

type Rule = 'passes' | 'searches' | 'residency' | 'whole tier' | 'once' | 'a price';

/** In the order in which they are left out. */
const rules: readonly { readonly rule: Rule; readonly words: string }[] = [
  { rule: 'passes', words: 'it reads the top level alone, not every billed pass (usage.iterations)' },
  { rule: 'once', words: 'it counts one message twice that stands under two request ids' },
  { rule: 'a price', words: 'its price list has no such model: $0' },
  { rule: 'searches', words: 'it does not price web searches' },
  { rule: 'residency', words: 'it does not price data residency (×1.1)' },
  { rule: 'whole tier', words: 'it prices a long prompt’s upper part at the upper rate, not the whole request' },
];

function worthOf(messages: readonly ToldMessage[], kept: ReadonlySet<Rule>, book: PriceBook): Amount {
  return messages.map((message) => worthOfOne(message, kept, book)).reduce(plus, nothing);
}

function worthOfOne(message: ToldMessage, kept: ReadonlySet<Rule>, book: PriceBook): Amount {
  const { model, stopReason, atMs } = message;
  const usage = readUsage({
    ...message.usage,
    ...(kept.has('passes') ? {} : { iterations: null }),
    ...(kept.has('searches') ? {} : { server_tool_use: null }),
    ...(kept.has('residency') ? {} : { inference_geo: null }),
  });
  const counts = billedPasses(usage, stopReason).reduce(addCounts, noTokens);
  const times = kept.has('once') ? 1 : message.requests;
  const priced = priceUsage({ model, usage, stopReason, atMs }, book);
  const nanoUsd = priced.kind === 'priced' ? priced.costNanoUsd : 0;
  const lessUsd = kept.has('whole tier') ? 0 : belowThresholdUsd(message, counts, book);
  const costUsd = kept.has('a price') ? nanoUsd / 1e9 - lessUsd : 0;
  return { tokens: times * (promptTokens(counts) + counts.outputTokens), costUsd: times * costUsd };
}

/** What a long prompt costs less when, class by class, only the tokens above the threshold are charged at the upper rate. */
function belowThresholdUsd(
  { model, atMs }: ToldMessage,
  counts: ReturnType<typeof addCounts>,
  book: PriceBook,
): number {
  const prices = book.find(model);
  const period = prices && periodAt(prices, atMs);
  const tier = period?.longPrompt;
  if (!period || !tier || promptTokens(counts) <= tier.moreThanTokens) return 0;
  const classes = [
    [counts.inputTokens, period.standard.input, tier.standard.input],
    [counts.cacheWrite5mTokens, period.standard.cacheWrite5m, tier.standard.cacheWrite5m],
    [counts.cacheWrite1hTokens, period.standard.cacheWrite1h, tier.standard.cacheWrite1h],
    [counts.cacheReadTokens, period.standard.cacheRead, tier.standard.cacheRead],
    [counts.outputTokens, period.standard.output, tier.standard.output],
  ] as const;
  const pico = classes.map(
    ([quantity, lower, upper]) => Math.min(quantity, tier.moreThanTokens) * ((upper ?? 0) - (lower ?? 0)),
  );
  return pico.reduce((sum, part) => sum + part, 0) / 1e12;
}

function amountOf(sums: ModelSums | undefined): Amount {
  if (!sums) return nothing;
  const { inputTokens, cacheWriteTokens, cacheReadTokens, outputTokens, costUsd } = sums;
  return { tokens: inputTokens + cacheWriteTokens + cacheReadTokens + outputTokens, costUsd };
}

function plus(a: Amount, b: Amount): Amount {
  return { tokens: a.tokens + b.tokens, costUsd: a.costUsd + b.costUsd };
}

function minus(a: Amount, b: Amount): Amount {
  return { tokens: a.tokens - b.tokens, costUsd: a.costUsd - b.costUsd };
}

function isNothing({ tokens, costUsd }: Amount): boolean {
  return tokens === 0 && Math.abs(costUsd) < noticeableUsd;
}
