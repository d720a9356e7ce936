/**
 * What the engine pushes to the dashboard over server-sent events: one event, `live`, with the whole picture, at most ten a second.
 * A whole picture instead of differences: a client that missed some is right again with the next, and the size is bounded (lists are cut).
 */
import { z } from 'zod';

import { callRowSchema, nanoUsd, stripeSummarySchema, sumSchema } from './api.ts';
import { budgetWarningSchema, conversationWarningSchema, refusedCallSchema } from './limits-view.ts';

const count = z.int().min(0);

/** A call on its way. Counts are what the stream has told so far; the cost is a floor that only grows. */
export const inFlightCallSchema = z.object({
  id: z.string(),
  startedAtMs: z.int(),
  member: z.string().nullable(),
  project: z.string().nullable(),
  client: z.string().nullable(),
  model: z.string().nullable(),
  isStream: z.boolean(),
  inputTokens: count,
  cacheReadTokens: count,
  /** Estimated from the bytes already streamed, until Anthropic reports the count. */
  outputTokens: count,
  costNanoUsd: nanoUsd.nullable(),
  /** Why what it has told so far has no price; null too while it has told nothing. */
  unpricedReason: z.string().nullable(),
});
export type InFlightCall = z.infer<typeof inFlightCallSchema>;

/**
 * A conversation as its gauge shows it. `limitTokens`, the cache and the next turn are as of `atMs` of the picture; what is null is not known: no limit
 * set, a model that the price book does not know, a conversation that only other sources told of.
 */
export const conversationSchema = z.object({
  id: z.string(),
  /** The conversation it was forked from, summed up from, or started by (a subagent); null where it has none. */
  parent: z.string().nullable(),
  member: z.string().nullable(),
  project: z.string().nullable(),
  client: z.string().nullable(),
  model: z.string().nullable(),
  turns: count,
  contextTokens: count,
  /** Parts of `contextTokens`: read from the cache, written to it, neither. */
  cacheReadTokens: count,
  cacheWriteTokens: count,
  inputTokens: count,
  /** A turn, by the mean of the last ones; null at the first turn. */
  growthTokens: z.int().nullable(),
  /** Null where no context limit is set. */
  limitTokens: count.nullable(),
  /** The model's own. */
  windowTokens: count.nullable(),
  /** At that growth; null where it does not grow, or has no limit. */
  turnsToLimit: count.nullable(),
  costNanoUsd: nanoUsd,
  unpricedCalls: count,
  cache: z.object({
    /** Of the last prompt, 0 to 1. */
    readShare: z.number().min(0).max(1).nullable(),
    /** What the next turn would read if it were sent now. */
    warmTokens: count,
    /** How long what the last turn wrote lives from its last use; null where it uses no cache. */
    lifetime: z.enum(['5m', '1h']).nullable(),
    /** When the next part of it is gone; null where nothing is warm any more. */
    expiresAtMs: z.int().nullable(),
  }),
  nextTurn: z.object({
    /** Expected, if it is sent now. */
    costNanoUsd: nanoUsd.nullable(),
    /** Expected, if it is sent when the next part of the cache is gone. */
    costAfterExpiryNanoUsd: nanoUsd.nullable(),
  }),
  /** Oldest first, at most ten: there is one of each cause. */
  warnings: z.array(conversationWarningSchema).max(10),
  /** Let on past its limits, until then; `untilMs` null for good. Null where it is not. */
  letOn: z.object({ untilMs: z.int().nullable() }).nullable(),
  lastAtMs: z.int(),
});
export type Conversation = z.infer<typeof conversationSchema>;

/** The part of a conversation that the limits know; the rest is what its calls told. */
export type ConversationSeen = Pick<
  Conversation,
  | 'parent'
  | 'growthTokens'
  | 'limitTokens'
  | 'windowTokens'
  | 'turnsToLimit'
  | 'cache'
  | 'nextTurn'
  | 'warnings'
  | 'letOn'
>;

export const liveSnapshotSchema = z.object({
  atMs: z.int(),
  timeZone: z.string(),
  isDemo: z.boolean(),
  today: z.object({
    day: z.string(),
    costNanoUsd: nanoUsd,
    calls: count,
    /** Those of them that came to nothing: failed, or refused by limits. */
    failedCalls: count,
    unpricedCalls: count,
    estimatedCalls: count,
    tokens: count,
  }),
  month: z.object({ month: z.string(), costNanoUsd: nanoUsd, calls: count, unpricedCalls: count }),
  /** Spend of the last 60 seconds, the minute a person means by "now". */
  lastMinute: sumSchema,
  /** One entry a minute for the last hour, oldest first, the running minute last. */
  minutes: z.array(sumSchema.extend({ minuteMs: z.int() })).max(60),
  /** Longest running first, at most 50; `inFlightCount` is the true number. */
  inFlight: z.array(inFlightCallSchema).max(50),
  inFlightCount: count,
  /** Newest first, at most 30. */
  recent: z.array(callRowSchema).max(30),
  /** Most recently active first, at most 24. */
  conversations: z.array(conversationSchema).max(24),
  /** Calls that a limit stopped in the last hour, newest first, at most ten. They stand in `recent` too. */
  refused: z.array(refusedCallSchema).max(10),
  /** Budgets that reached a step, newest first, at most ten of the running period. */
  budgetWarnings: z.array(budgetWarningSchema).max(10),
  /** Null while the limits decide; else a sentence that says what failed, last. The calls went through. */
  limitsFailure: z.string().nullable(),
  stripe: stripeSummarySchema,
  /** Null while every call is metered; else a sentence that says what is missing since when. */
  gap: z.string().nullable(),
});
export type LiveSnapshot = z.infer<typeof liveSnapshotSchema>;
