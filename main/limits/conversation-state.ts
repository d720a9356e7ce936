/**
 * What is known of a conversation after each of its turns: its size, its cost and what of its prompt stands in Anthropic's cache. Pure: a turn makes
 * the next state out of the last one. Plain numbers, bounded: the last few turns are kept, everything before them as sums.
 *
 * The cache: what a turn read and wrote is there until its lifetime, 5 minutes or 1 hour from the last use, is over. Which lifetime, the split of the
 * answer says (`usage.cache_creation`); what is read keeps the lifetime it was written with, and reading begins it anew. Where both stand in one
 * prompt, the part of 1 hour comes first, since Anthropic lets a longer life stand only before a shorter one (platform docs, prompt caching).
 */
import type { PromptEstimate, LastTurn } from '../../shared/prompt-estimate.ts';
import { promptTokens, type TokenCounts } from '../../shared/usage.ts';
import { nextMean, type OutputMean } from './output-history.ts';

export const fiveMinutesMs = 5 * 60_000;
export const hourMs = 60 * 60_000;

/** A call that was answered and whose usage is known. */
export type Turn = {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** As the request named it, so that an alias is not taken for another model. */
  readonly model: string | null;
  /** As Anthropic reported them, of the pass that answered. */
  readonly counts: TokenCounts;
  /** Null when the call is unpriced. */
  readonly costNanoUsd: number | null;
  /** What the rule made of its body before it was sent; 0 where nobody asked. */
  readonly tokensByRule: PromptEstimate['tokensByRule'];
  /** From the placement of the request (shared/conversation-index.ts). */
  readonly changed: { readonly system: boolean; readonly tools: boolean; readonly history: boolean };
};

export type CacheState = {
  readonly oneHourTokens: number;
  readonly fiveMinuteTokens: number;
  readonly lastUsedAtMs: number;
};

export type ConversationState = {
  readonly turns: number;
  readonly firstAtMs: number;
  readonly costNanoUsd: number;
  readonly unpricedTurns: number;
  /** Everything the model read at the last turn, and what it answered: what the next turn begins with. */
  readonly contextTokens: number;
  readonly output: OutputMean | null;
  readonly cache: CacheState;
  /** The newest last. */
  readonly recent: readonly RecentTurn[];
  readonly lastTurn: LastTurn | null;
  /** Warnings that were given, by cause: each is given once. */
  readonly told: readonly string[];
};

export type RecentTurn = {
  readonly atMs: number;
  readonly model: string | null;
  readonly costNanoUsd: number | null;
  readonly promptTokens: number;
  readonly cacheReadTokens: number;
  readonly contextTokens: number;
};

export const recentTurnsMax = 10;

export const noTurns: ConversationState = {
  turns: 0,
  firstAtMs: 0,
  costNanoUsd: 0,
  unpricedTurns: 0,
  contextTokens: 0,
  output: null,
  cache: { oneHourTokens: 0, fiveMinuteTokens: 0, lastUsedAtMs: 0 },
  recent: [],
  lastTurn: null,
  told: [],
};

/** A turn without a prompt (failed, refused, cut before any usage) changes nothing. */
export function nextState(before: ConversationState, turn: Turn): ConversationState {
  const { counts, costNanoUsd, endedAtMs, model, tokensByRule } = turn;
  const read = promptTokens(counts);
  if (read === 0) return before;
  const contextTokens = read + counts.outputTokens;
  const recent: RecentTurn = {
    atMs: endedAtMs,
    model,
    costNanoUsd,
    promptTokens: read,
    cacheReadTokens: counts.cacheReadTokens,
    contextTokens,
  };
  return {
    turns: before.turns + 1,
    firstAtMs: before.turns === 0 ? turn.startedAtMs : before.firstAtMs,
    costNanoUsd: before.costNanoUsd + (costNanoUsd ?? 0),
    unpricedTurns: before.unpricedTurns + (costNanoUsd === null ? 1 : 0),
    contextTokens,
    output: nextMean(before.output, counts.outputTokens),
    cache: nextCache(before.cache, counts, turn.startedAtMs),
    recent: [...before.recent, recent].slice(-recentTurnsMax),
    lastTurn: tokensByRule > 0 ? { promptTokens: read, outputTokens: counts.outputTokens, tokensByRule, model } : null,
    told: before.told,
  };
}

/** The life of an entry runs from when the request used it, not from when its answer ended. */
function nextCache(before: CacheState, counts: TokenCounts, usedAtMs: number): CacheState {
  const oneHourRead = Math.min(before.oneHourTokens, counts.cacheReadTokens);
  return {
    oneHourTokens: oneHourRead + counts.cacheWrite1hTokens,
    fiveMinuteTokens: counts.cacheReadTokens - oneHourRead + counts.cacheWrite5mTokens,
    lastUsedAtMs: usedAtMs,
  };
}

/** Tokens of the prompt that a request at `atMs` can expect to read. */
export function cachedTokensAt({ oneHourTokens, fiveMinuteTokens, lastUsedAtMs }: CacheState, atMs: number): number {
  const ageMs = atMs - lastUsedAtMs;
  if (ageMs >= hourMs) return 0;
  return oneHourTokens + (ageMs < fiveMinutesMs ? fiveMinuteTokens : 0);
}

/** When the next part of the cache is gone; null where nothing is cached any more. */
export function cacheExpiresAtMs(cache: CacheState, nowMs: number): number | null {
  const fiveMinutesUp = cache.lastUsedAtMs + fiveMinutesMs;
  if (cache.fiveMinuteTokens > 0 && nowMs < fiveMinutesUp) return fiveMinutesUp;
  const hourUp = cache.lastUsedAtMs + hourMs;
  return cache.oneHourTokens > 0 && nowMs < hourUp ? hourUp : null;
}

/** How this conversation writes its newest part; null where it does not use the cache. */
export function cacheLifetimeOf({ cache }: ConversationState): '5m' | '1h' | null {
  if (cache.fiveMinuteTokens > 0) return '5m';
  return cache.oneHourTokens > 0 ? '1h' : null;
}
