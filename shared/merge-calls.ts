/**
 * One call told by two sources (the proxy, a transcript, a batch result, a teammate's export): the better record wins, field by field. Pure.
 * It never adds counts of the two: the same tokens told twice are the same tokens (invariant 5).
 *
 * Better is who knows the end: a final report of Anthropic before a count that stood when something was cut, and that before nothing. Between two
 * that know as much, the source nearest to the wire wins: proxy, batch result, a teammate's export, transcript. Two transcripts of one message
 * are states of it, and the larger one is the later one (facts/anthropic.md section 8).
 */
import type { CallRecord, CallSource } from './call.ts';
import { promptTokens } from './usage.ts';

const sourceRank: Readonly<Record<CallSource, number>> = { proxy: 3, batch: 2, import: 1, claude_code: 0 };
const statusRank: Readonly<Record<CallRecord['status'], number>> = { complete: 3, partial: 2, failed: 1, refused: 0 };

/** 0: no counts at all; 1: counts as they stood; 2: Anthropic's final report. */
function certainty(call: CallRecord): number {
  if (call.passCount === 0) return 0;
  return call.isEstimated ? 1 : 2;
}

function isBetter(told: CallRecord, known: CallRecord): boolean {
  if (areStates(told, known)) return told.outputTokens > known.outputTokens;
  const difference =
    certainty(told) - certainty(known) ||
    sourceRank[told.source] - sourceRank[known.source] ||
    told.outputTokens - known.outputTokens ||
    promptTokens(told) - promptTokens(known);
  return difference > 0;
}

/** Two lines of one message, read in two runs. Of its states the fuller one is the later one, whichever of them tells why it stopped. */
function areStates(a: CallRecord, b: CallRecord): boolean {
  return a.source === 'claude_code' && b.source === 'claude_code' && a.outputTokens !== b.outputTokens;
}

/** Passes are priced each by its own model: such a usage is taken whole or not at all. */
function isOneWhole(call: CallRecord): boolean {
  return call.usageJson !== null || call.passCount > 1;
}

/** The known call with what `told` knows better; the very object `known` when it knows nothing better. */
export function mergeCalls(known: CallRecord, told: CallRecord): CallRecord {
  const [better, other] = isBetter(told, known) ? [told, known] : [known, told];
  const nearer = sourceRank[told.source] > sourceRank[known.source] ? told : known;
  const farther = nearer === known ? told : known;
  const merged: CallRecord = {
    ...known,
    ...wireFacts(nearer, farther),
    ...labels(known, told),
    ...usageOf(better, other),
    source: nearer.source,
    status: statusRank[told.status] > statusRank[known.status] ? told.status : known.status,
    // A stop reason that either line of a message tells says that its counts are final, as it does where both are read in one run.
    isEstimated: better.isEstimated && !(areStates(known, told) && other.stopReason !== null),
    stopReason: better.stopReason ?? other.stopReason,
  };
  return isSame(merged, known) ? known : merged;
}

/** What the source nearest to the wire saw of it. */
function wireFacts(nearer: CallRecord, farther: CallRecord) {
  return {
    startedAtMs: nearer.startedAtMs,
    endedAtMs: nearer.source === 'claude_code' ? Math.max(nearer.endedAtMs, farther.endedAtMs) : nearer.endedAtMs,
    path: nearer.path,
    isStream: nearer.isStream,
    firstByteMs: nearer.firstByteMs ?? farther.firstByteMs,
    requestId: nearer.requestId ?? farther.requestId,
    httpStatus: nearer.httpStatus ?? farther.httpStatus,
    errorType: nearer.errorType,
    promptBytes: nearer.promptBytes || farther.promptBytes,
    responseBytes: nearer.responseBytes || farther.responseBytes,
  };
}

/** Who and what for: what is known stays, what was missing is filled in. */
function labels(known: CallRecord, told: CallRecord) {
  return {
    member: known.member ?? told.member,
    project: known.project ?? told.project,
    customer: known.customer ?? told.customer,
    conversation: known.conversation ?? told.conversation,
    client: known.client ?? told.client,
    // One that an earlier version began does not have it at all.
    clientUser: known.clientUser ?? told.clientUser ?? null,
    requestedModel: known.requestedModel ?? told.requestedModel,
    messageId: known.messageId ?? told.messageId,
  };
}

/** Counts and what sets their price. Between two that were cut, each count is the larger one: counts only ever grow. */
function usageOf(better: CallRecord, other: CallRecord) {
  const isTakenWhole = isOneWhole(better) || certainty(other) === 0 || certainty(better) > 1 || isOneWhole(other);
  return isTakenWhole ? wholeUsage(better, other) : { ...wholeUsage(better, other), ...largerCounts(better, other) };
}

function wholeUsage(better: CallRecord, other: CallRecord) {
  return {
    model: better.model ?? other.model,
    inputTokens: better.inputTokens,
    ...splitOf(better, other),
    cacheReadTokens: better.cacheReadTokens,
    outputTokens: better.outputTokens,
    thinkingTokens: better.thinkingTokens,
    webSearchRequests: better.webSearchRequests,
    passCount: better.passCount,
    usageJson: better.usageJson,
    serviceTier: better.serviceTier ?? other.serviceTier,
    speed: better.speed ?? other.speed,
    inferenceGeo: better.inferenceGeo ?? other.inferenceGeo,
  };
}

function largerCounts(a: CallRecord, b: CallRecord) {
  return {
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    cacheReadTokens: Math.max(a.cacheReadTokens, b.cacheReadTokens),
    outputTokens: Math.max(a.outputTokens, b.outputTokens),
    thinkingTokens: Math.max(a.thinkingTokens, b.thinkingTokens),
    webSearchRequests: Math.max(a.webSearchRequests, b.webSearchRequests),
  };
}

type CacheSplit = { readonly cacheWrite5mTokens: number; readonly cacheWrite1hTokens: number };

/**
 * The two cache writes are one total and its split: taken together, never each from another record. A record without a split counts all as
 * 5-minute writes; where both know the same total, the one that knows of 1-hour writes knows more.
 */
function splitOf(better: CallRecord, other: CallRecord): CacheSplit {
  const pick = ({ cacheWrite5mTokens, cacheWrite1hTokens }: CacheSplit) => ({ cacheWrite5mTokens, cacheWrite1hTokens });
  const total = (call: CacheSplit) => call.cacheWrite5mTokens + call.cacheWrite1hTokens;
  if (isOneWhole(better)) return pick(better);
  if (total(other) === total(better) && other.cacheWrite1hTokens > better.cacheWrite1hTokens) return pick(other);
  if (certainty(better) === 1 && total(other) > total(better)) return pick(other);
  return pick(better);
}

/** Fields that set a price; a merge that leaves them alone leaves the price alone. */
const pricedFields = [
  'model',
  'startedAtMs',
  'status',
  'inputTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
  'cacheReadTokens',
  'outputTokens',
  'webSearchRequests',
  'passCount',
  'usageJson',
  'serviceTier',
  'speed',
  'inferenceGeo',
  'stopReason',
] as const satisfies readonly (keyof CallRecord)[];

export function isPricedAlike(a: CallRecord, b: CallRecord): boolean {
  return pricedFields.every((field) => a[field] === b[field]);
}

function isSame(a: CallRecord, b: CallRecord): boolean {
  return (Object.keys(b) as (keyof CallRecord)[]).every((field) => a[field] === b[field]);
}
