/**
 * The price of a call that stands in the ledger, by a book of today's choosing. Pure.
 * What the ledger kept is enough for it: the counts, or the whole usage where it has passes of its own. A call whose usage is not known stays
 * unpriced for the reason it has; a call that cost nothing because nothing was answered stays free. What an export could not tell of a call is not known
 * here either: priced by what is left of its counts it would come out too low.
 */
import type { CallRecord, ChargeLine } from '../call.ts';
import { isWireObject, readUsage, type Usage } from '../usage.ts';
import type { PriceBook } from './price-book.ts';
import { priceUsage } from './price.ts';
import { unpricedAdvice } from './unpriced-advice.ts';

export type Repriced = {
  readonly costNanoUsd: number | null;
  readonly priceBook: string | null;
  readonly unpricedReason: string | null;
  readonly lines: readonly ChargeLine[];
};

/** Null when the call cannot be priced again: its usage is not known, or not all of it, since another machine kept it to itself. */
export function repriceCall(call: CallRecord, book: PriceBook): Repriced | null {
  const usage = usageOfRecord(call);
  if (usage === null || isUsageElsewhere(call)) return null;
  const { model, stopReason, startedAtMs: atMs } = call;
  const priced = priceUsage({ model, usage, stopReason, atMs }, book);
  if (priced.kind === 'unpriced')
    return { costNanoUsd: null, priceBook: null, unpricedReason: priced.reason, lines: [] };
  const { costNanoUsd, priceBook, lines } = priced;
  return { costNanoUsd, priceBook, unpricedReason: null, lines };
}

/** The reason of price.ts for a count that stands in no column. */
const unknownCount = /^The usage counts .+ which this version cannot price/;

function isUsageElsewhere({ source, usageJson, unpricedReason }: CallRecord): boolean {
  if (usageJson !== null || unpricedReason === null) return false;
  return (
    unknownCount.test(unpricedReason) || (source === 'import' && unpricedAdvice(unpricedReason).kind === 'unknown')
  );
}

export function usageOfRecord(call: CallRecord): Usage | null {
  if (call.usageJson !== null) return readUsage(parseObject(call.usageJson));
  if (call.passCount !== 1) return null;
  const { inputTokens, cacheWrite5mTokens, cacheWrite1hTokens, cacheReadTokens, outputTokens } = call;
  const { thinkingTokens, webSearchRequests, serviceTier, speed, inferenceGeo } = call;
  return {
    inputTokens,
    cacheWrite5mTokens,
    cacheWrite1hTokens,
    cacheReadTokens,
    outputTokens,
    thinkingTokens,
    webSearchRequests,
    serviceTier,
    speed,
    inferenceGeo,
    passes: [],
    unknownParts: [],
  };
}

function parseObject(text: string) {
  const value: unknown = JSON.parse(text);
  return isWireObject(value) ? value : {};
}
