/**
 * A conversation's economics, as the context gauge shows them: tokens against the limit and the model's window, growth, cost, the cache and what the next
 * turn costs while it is warm and once the next part of it has expired. Pure.
 */
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { cacheLifetimeOf, cachedTokensAt, cacheExpiresAtMs, type ConversationState } from './conversation-state.ts';
import { expectCost } from './expected-cost.ts';

export type Economics = {
  readonly contextTokens: number;
  /** Null where none is set. */
  readonly limitTokens: number | null;
  /** Of the model; null where the book does not know it. */
  readonly windowTokens: number | null;
  /** Mean of the last turns; null before the second. */
  readonly growthTokens: number | null;
  /** Turns until the limit at that growth; null where it does not grow or there is no limit. */
  readonly turnsToLimit: number | null;
  readonly turns: number;
  readonly costNanoUsd: number;
  readonly unpricedTurns: number;
  readonly cache: {
    /** Of the last prompt, 0 to 1; null before the first turn. */
    readonly readShare: number | null;
    /** What the next turn would read now. */
    readonly warmTokens: number;
    /** Of what the last turn wrote or read last; null where it uses no cache. */
    readonly lifetime: '5m' | '1h' | null;
    /** When the next part of it is gone; null where nothing is warm. */
    readonly expiresAtMs: number | null;
  };
  /** Null where the model is unpriced, or before the first turn. */
  readonly nextTurn: {
    /** If it is sent now. */
    readonly costNanoUsd: number | null;
    /** If it is sent when the next part of the cache is gone; where nothing is warm any more, as now. */
    readonly costAfterExpiryNanoUsd: number | null;
  };
};

export type EconomicsQuestion = {
  readonly model: string | null;
  readonly limitTokens: number | null;
  readonly nowMs: number;
};

export function economicsOf(state: ConversationState, question: EconomicsQuestion, book: PriceBook): Economics {
  const { model, limitTokens, nowMs } = question;
  const growthTokens = growthOf(state);
  const expiresAtMs = cacheExpiresAtMs(state.cache, nowMs);
  const last = state.recent.at(-1);
  return {
    contextTokens: state.contextTokens,
    limitTokens,
    windowTokens: (model === null ? null : book.find(model))?.contextWindowTokens ?? null,
    growthTokens,
    turnsToLimit:
      limitTokens === null || growthTokens === null || growthTokens <= 0
        ? null
        : Math.max(0, Math.floor((limitTokens - state.contextTokens) / growthTokens)),
    turns: state.turns,
    costNanoUsd: state.costNanoUsd,
    unpricedTurns: state.unpricedTurns,
    cache: {
      readShare: last ? last.cacheReadTokens / last.promptTokens : null,
      warmTokens: cachedTokensAt(state.cache, nowMs),
      lifetime: cacheLifetimeOf(state),
      expiresAtMs,
    },
    nextTurn: {
      costNanoUsd: nextTurnCost(state, model, growthTokens, nowMs, book),
      costAfterExpiryNanoUsd: nextTurnCost(state, model, growthTokens, expiresAtMs ?? nowMs, book),
    },
  };
}

/** Between the first and the last of the turns that are kept. A context that was compacted shrinks, and then there is no growth to go by. */
function growthOf({ recent }: ConversationState): number | null {
  const first = recent[0];
  const last = recent.at(-1);
  if (!first || !last || recent.length < 2) return null;
  return Math.round((last.contextTokens - first.contextTokens) / (recent.length - 1));
}

/** The context as it is, and as much of a new message as a turn brings beside its answer. */
function nextTurnCost(
  state: ConversationState,
  model: string | null,
  growthTokens: number | null,
  atMs: number,
  book: PriceBook,
): number | null {
  if (state.turns === 0) return null;
  const outputTokens = Math.ceil(state.output?.meanTokens ?? 0);
  const promptTokens = state.contextTokens + Math.max(0, (growthTokens ?? 0) - outputTokens);
  const call = {
    model,
    promptTokens,
    outputTokens,
    cachedTokens: cachedTokensAt(state.cache, atMs),
    cacheLifetime: cacheLifetimeOf(state),
    atMs,
  };
  return expectCost(call, book).nanoUsd;
}
