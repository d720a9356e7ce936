/**
 * The tokens of a call that are billed, by class and model: what a token plan counts. Pure.
 *
 * Priced calls tell it by their charge lines, so that the tokens that are counted are the tokens that are paid for: a declined pass, a refusal without
 * output and an answer from somebody's cache are none. A call without a price is counted all the same where its tokens are known, by the same rules and
 * each pass at the model that it names, known or not: a token plan needs no price. What Anthropic counts in a class that nobody here knows has no meter;
 * the call stays unpriced, is shown as such, and is counted anew once the class is known.
 */
import type { CallRecord, ChargeLine } from './call.ts';
import { meteredClasses, type MeteredClass } from './plan-meters.ts';
import { usageOfRecord } from './pricing/reprice.ts';
import { billedPasses, type TokenCounts } from './usage.ts';

export type BilledTokens = {
  readonly tokenClass: MeteredClass;
  readonly model: string;
  /** Tokens; requests for web searches. Above zero. */
  readonly quantity: number;
  /** Null where the call has no price, or one that is not told by class. */
  readonly amountPicoUsd: bigint | null;
};

/** Of a call whose answer names no model and that asked for none. */
const unknownModel = 'unknown';

/** `nameOf` is the name that the price book has for a model, if it has one. In the order of the classes; one entry for each (class, model). */
export function billedTokens(
  call: CallRecord,
  lines: readonly ChargeLine[],
  nameOf: (model: string) => string,
): readonly BilledTokens[] {
  const isPricedByClass = call.costNanoUsd !== null && !lines.some(({ tokenClass }) => tokenClass === 'imported');
  const parts = isPricedByClass ? pricedParts(lines, nameOf) : countedParts(call, nameOf);
  const sums = new Map<string, BilledTokens>();
  for (const part of parts) {
    if (part.quantity === 0) continue;
    const model = part.model === '' ? unknownModel : part.model;
    const key = `${part.tokenClass} ${model}`;
    const before = sums.get(key);
    sums.set(key, {
      tokenClass: part.tokenClass,
      model,
      quantity: (before?.quantity ?? 0) + part.quantity,
      amountPicoUsd: part.amountPicoUsd === null ? null : (before?.amountPicoUsd ?? 0n) + part.amountPicoUsd,
    });
  }
  return [...sums.values()].toSorted((a, b) => orderOf(a.tokenClass) - orderOf(b.tokenClass));
}

function orderOf(tokenClass: MeteredClass): number {
  return meteredClasses.indexOf(tokenClass);
}

/** A line of web searches names its model as the answer did, the others as the book does: one model must not have two meters. */
function pricedParts(lines: readonly ChargeLine[], nameOf: (model: string) => string): BilledTokens[] {
  return lines.flatMap(({ model, tokenClass, quantity, amountPicoUsd }) => {
    if (tokenClass === 'rounding' || tokenClass === 'imported') return [];
    return [{ model: nameOf(model), tokenClass, quantity, amountPicoUsd: BigInt(amountPicoUsd) }];
  });
}

function countedParts(call: CallRecord, nameOf: (model: string) => string): BilledTokens[] {
  const ownModel = call.model ?? call.requestedModel;
  const named = (model: string | null) => (model === null ? '' : nameOf(model));
  const usage = usageOfRecord(call);
  const searches = {
    tokenClass: 'web_search' as const,
    model: named(ownModel),
    quantity: usage === null ? call.webSearchRequests : usage.webSearchRequests,
    amountPicoUsd: null,
  };
  // Passes that another machine kept to itself: their sums are known, and no model but the call's own.
  if (usage === null) return [...partsOf(call, named(ownModel)), searches];
  const passes = billedPasses(usage, call.stopReason);
  return [...passes.flatMap((pass) => partsOf(pass, named(pass.model ?? ownModel))), searches];
}

function partsOf(counts: TokenCounts, model: string): BilledTokens[] {
  const quantities: readonly (readonly [MeteredClass, number])[] = [
    ['input', counts.inputTokens],
    ['output', counts.outputTokens],
    ['cache_write_5m', counts.cacheWrite5mTokens],
    ['cache_write_1h', counts.cacheWrite1hTokens],
    ['cache_read', counts.cacheReadTokens],
  ];
  return quantities.map(([tokenClass, quantity]) => ({ tokenClass, model, quantity, amountPicoUsd: null }));
}
