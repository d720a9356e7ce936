/**
 * What a call is expected to cost before it is sent: its prompt by class, with what the conversation's cache is expected to hold, and an answer as long as
 * the conversation's and the model's own answers were. Pure; priced by the same rules and the same book as what was (shared/pricing/price.ts).
 * It is an expectation, not a bound: `max_tokens` only caps it. Batch, fast and residency are known from the answer alone and are left out.
 */
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { priceUsage } from '../../shared/pricing/price.ts';
import { noTokens, type TokenCounts, type Usage } from '../../shared/usage.ts';

export type ExpectedCall = {
  readonly model: string | null;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** What can be read from the cache; more than the prompt is cut to it. */
  readonly cachedTokens: number;
  /** How the rest is written; null where the request asks for no cache. */
  readonly cacheLifetime: '5m' | '1h' | null;
  readonly atMs: number;
};

export type ExpectedCost = {
  /** Null when the book cannot price it: nothing is refused for money then, and the call shows as unpriced. */
  readonly nanoUsd: number | null;
  readonly counts: TokenCounts;
  /** Of the cost, what the prompt makes; 0 where unpriced. Only a refusal asks, so only then it is priced. */
  readonly promptNanoUsd: () => number;
};

/** A prefix that is shorter is not cached (platform docs; the least of all models). */
const cacheableTokensMin = 512;

export function expectCost(call: ExpectedCall, book: PriceBook): ExpectedCost {
  const counts = expectCounts(call);
  const promptNanoUsd = () => priceOf(call, { ...counts, outputTokens: 0 }, book) ?? 0;
  return { nanoUsd: priceOf(call, counts, book), counts, promptNanoUsd };
}

export function expectCounts({ promptTokens, outputTokens, cachedTokens, cacheLifetime }: ExpectedCall): TokenCounts {
  const cacheReadTokens = Math.min(cachedTokens, promptTokens);
  const rest = promptTokens - cacheReadTokens;
  const isWritten = cacheLifetime !== null && promptTokens >= cacheableTokensMin;
  return {
    ...noTokens,
    cacheReadTokens,
    inputTokens: isWritten ? 0 : rest,
    cacheWrite5mTokens: isWritten && cacheLifetime === '5m' ? rest : 0,
    cacheWrite1hTokens: isWritten && cacheLifetime === '1h' ? rest : 0,
    outputTokens,
  };
}

function priceOf({ model, atMs }: ExpectedCall, counts: TokenCounts, book: PriceBook): number | null {
  const usage: Usage = {
    ...counts,
    thinkingTokens: 0,
    webSearchRequests: 0,
    serviceTier: null,
    speed: null,
    inferenceGeo: null,
    passes: [],
    unknownParts: [],
  };
  const priced = priceUsage({ model, usage, stopReason: null, atMs }, book);
  return priced.kind === 'priced' ? priced.costNanoUsd : null;
}
