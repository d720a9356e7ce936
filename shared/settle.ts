/**
 * The written rule of how a call ends: what passed the proxy, turned into a status, an estimate mark and a price. Pure.
 *
 * - `failed`, free: an error status; an error told instead of an answer (an `error` event before `message_start`); a request that was never sent.
 *   Anthropic reports no usage with an error (facts/anthropic.md section 3).
 * - `complete`, exact: a 2xx answer that was whole (a JSON message, or a stream up to `message_stop`), whatever its stop reason: `max_tokens`,
 *   `pause_turn`, `refusal`. Also when the client had left and the rest was read without it (`drainOnAbort`).
 * - `partial`, exact: cut after the `message_delta` that carries the stop reason. Its counts are cumulative and final (section 2).
 * - `partial`, estimated: cut before that, by the client, the network, a timeout or an `error` event. Input and cache counts are those of
 *   `message_start`; output is what was reported or what the text already sent comes to, whichever is more. What Anthropic bills for an answer
 *   that was cut is not documented (section 11).
 * - `partial`, estimated, unpriced: cut before Anthropic reported anything; never $0, since it may have run.
 * - `complete`, unpriced: whole, and its answer reports no usage.
 * - `refused`, free: a limit stopped it before it left this machine. It says what it would have cost, and what its client was told.
 */
import { notRefused, type CallOutcome, type ChargeLine } from './call.ts';
import type { PriceBook } from './pricing/price-book.ts';
import { priceUsage } from './pricing/price.ts';
import { addCounts, billedPasses, noTokens, type TokenCounts, type Usage } from './usage.ts';

export type CallEnd = {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly firstByteMs: number | null;
  readonly httpStatus: number | null;
  readonly requestId: string | null;
  readonly responseBytes: number;
  readonly model: string | null;
  readonly messageId: string | null;
  readonly stopReason: string | null;
  readonly errorType: string | null;
  /** Null when the answer never reported any. */
  readonly usage: Usage | null;
  readonly usageJson: string | null;
  /** The message was seen to its end. */
  readonly isWhole: boolean;
  /** Output by the bytes already sent, for a call that was cut. */
  readonly outputTokensSoFar: number;
  /** What kept the answer from being read, or from arriving; null when nothing did. */
  readonly trouble: string | null;
};

export type Settlement = { readonly outcome: CallOutcome; readonly lines: readonly ChargeLine[] };

type Status = { readonly status: CallOutcome['status']; readonly isEstimated: boolean };

export function settle(end: CallEnd, book: PriceBook): Settlement {
  const status = statusOf(end);
  if (status.status === 'failed')
    return withoutUsage(end, status, { costNanoUsd: 0, priceBook: book.version, unpricedReason: null });
  if (end.usage === null) {
    return withoutUsage(end, status, { costNanoUsd: null, priceBook: null, unpricedReason: reasonWithoutUsage(end) });
  }
  const usage = status.isEstimated ? withOutput(end.usage, end.outputTokensSoFar) : end.usage;
  const priced = priceUsage({ model: end.model, usage, stopReason: end.stopReason, atMs: end.startedAtMs }, book);
  const price =
    priced.kind === 'priced'
      ? { costNanoUsd: priced.costNanoUsd, priceBook: priced.priceBook, unpricedReason: null }
      : { costNanoUsd: null, priceBook: null, unpricedReason: priced.reason };
  const counts = countsOf(usage, end.stopReason);
  // The counts of one pass stand in the columns; keeping them twice is a third of a row.
  const usageJson = usage.passes.length + usage.unknownParts.length > 0 ? end.usageJson : null;
  return {
    outcome: outcomeOf(end, status, counts, describe(usage), price, usageJson),
    lines: priced.kind === 'priced' ? priced.lines : [],
  };
}

export type RefusedEnd = {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly httpStatus: number;
  readonly responseBytes: number;
  readonly errorType: string;
  /** What its client was told. */
  readonly sentence: string;
  /** Null where its model has no price. */
  readonly wouldCostNanoUsd: number | null;
};

export function settleRefused({ sentence, wouldCostNanoUsd, ...end }: RefusedEnd, book: PriceBook): Settlement {
  const unknown = { firstByteMs: null, requestId: null, model: null, messageId: null, stopReason: null };
  const free = { costNanoUsd: 0, priceBook: book.version, unpricedReason: null };
  const { outcome, lines } = withoutUsage({ ...end, ...unknown }, { status: 'refused', isEstimated: false }, free);
  return { outcome: { ...outcome, wouldCostNanoUsd, refusal: sentence }, lines };
}

/** What we call an ending that nobody told: the client or the connection went away, or we cut it at the call ceiling. Every other error type is Anthropic's own word. */
const untoldEndings: readonly string[] = [
  'client_left',
  'upstream_cut',
  'no_answer',
  'call_ceiling',
] satisfies EndingType[];
export type EndingType = 'client_left' | 'not_sent' | 'upstream_cut' | 'no_answer' | 'unreachable' | 'call_ceiling';

const failed: Status = { status: 'failed', isEstimated: false };

function statusOf({ httpStatus, errorType, isWhole, usage, stopReason }: CallEnd): Status {
  const isErrorTold = errorType !== null && !untoldEndings.includes(errorType);
  if (httpStatus === null) return isErrorTold ? failed : { status: 'partial', isEstimated: true };
  if (httpStatus < 200 || httpStatus >= 300) return failed;
  if (isWhole) return { status: 'complete', isEstimated: false };
  if (isErrorTold && usage === null) return failed;
  return { status: 'partial', isEstimated: usage === null || stopReason === null };
}

function reasonWithoutUsage(end: CallEnd): string {
  if (end.trouble !== null) return end.trouble;
  return end.isWhole ? 'The answer reports no usage.' : 'The call was cut before Anthropic reported its usage.';
}

function withOutput(usage: Usage, outputTokens: number): Usage {
  // Passes of a cut stream are not final; the top level is what was known.
  return { ...usage, outputTokens: Math.max(usage.outputTokens, outputTokens), passes: [] };
}

/** Sums over all billed passes, as the export promises. A refusal without output has none and shows the counts it reported. */
function countsOf(usage: Usage, stopReason: string | null): TokenCounts {
  const passes = billedPasses(usage, stopReason);
  return passes.length === 0 ? pick(usage) : pick(passes.reduce<TokenCounts>(addCounts, noTokens));
}

function pick({
  inputTokens,
  cacheWrite5mTokens,
  cacheWrite1hTokens,
  cacheReadTokens,
  outputTokens,
}: TokenCounts): TokenCounts {
  return { inputTokens, cacheWrite5mTokens, cacheWrite1hTokens, cacheReadTokens, outputTokens };
}

function describe(usage: Usage) {
  const { thinkingTokens, webSearchRequests, serviceTier, speed, inferenceGeo } = usage;
  return {
    thinkingTokens,
    webSearchRequests,
    serviceTier,
    speed,
    inferenceGeo,
    passCount: Math.max(1, usage.passes.length),
  };
}

type Common = Pick<
  CallEnd,
  | 'endedAtMs'
  | 'firstByteMs'
  | 'httpStatus'
  | 'requestId'
  | 'responseBytes'
  | 'model'
  | 'messageId'
  | 'stopReason'
  | 'errorType'
>;

type Price = Pick<CallOutcome, 'costNanoUsd' | 'priceBook' | 'unpricedReason'>;

type Described = ReturnType<typeof describe>;

const nothingDescribed: Described = {
  thinkingTokens: 0,
  webSearchRequests: 0,
  serviceTier: null,
  speed: null,
  inferenceGeo: null,
  passCount: 0,
};

function withoutUsage(end: Common, status: Status, price: Price): Settlement {
  return { outcome: outcomeOf(end, status, noTokens, nothingDescribed, price, null), lines: [] };
}

/** Written out: this is made for every call there is, and an object put together from several others costs many times as much. */
function outcomeOf(
  end: Common,
  { status, isEstimated }: Status,
  counts: TokenCounts,
  described: Described,
  price: Price,
  usageJson: string | null,
): CallOutcome {
  return {
    status,
    isEstimated,
    endedAtMs: end.endedAtMs,
    firstByteMs: end.firstByteMs,
    httpStatus: end.httpStatus,
    requestId: end.requestId,
    responseBytes: end.responseBytes,
    model: end.model,
    messageId: end.messageId,
    stopReason: end.stopReason,
    errorType: end.errorType,
    inputTokens: counts.inputTokens,
    cacheWrite5mTokens: counts.cacheWrite5mTokens,
    cacheWrite1hTokens: counts.cacheWrite1hTokens,
    cacheReadTokens: counts.cacheReadTokens,
    outputTokens: counts.outputTokens,
    thinkingTokens: described.thinkingTokens,
    webSearchRequests: described.webSearchRequests,
    serviceTier: described.serviceTier,
    speed: described.speed,
    inferenceGeo: described.inferenceGeo,
    passCount: described.passCount,
    costNanoUsd: price.costNanoUsd,
    priceBook: price.priceBook,
    unpricedReason: price.unpricedReason,
    usageJson,
    wouldCostNanoUsd: notRefused.wouldCostNanoUsd,
    refusal: notRefused.refusal,
  };
}
