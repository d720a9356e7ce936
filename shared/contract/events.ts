/**
 * What the engine pushes to the dashboard over server-sent events: one event, `live`, with the whole picture, at most ten a second.
 * A whole picture instead of differences: a client that missed some is right again with the next, and the size is bounded (lists are cut).
 */
import { z } from 'zod';

import { callRowSchema, nanoUsd, stripeSummarySchema, sumSchema } from './api.ts';

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

export const conversationSchema = z.object({
  id: z.string(),
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
  /** Against the turn before; null at the first turn. */
  growthTokens: z.int().nullable(),
  limitTokens: count,
  costNanoUsd: nanoUsd,
  unpricedCalls: count,
  lastAtMs: z.int(),
});
export type Conversation = z.infer<typeof conversationSchema>;

export const liveSnapshotSchema = z.object({
  atMs: z.int(),
  timeZone: z.string(),
  isDemo: z.boolean(),
  today: z.object({
    day: z.string(),
    costNanoUsd: nanoUsd,
    calls: count,
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
  stripe: stripeSummarySchema,
  /** Null while every call is metered; else a sentence that says what is missing since when. */
  gap: z.string().nullable(),
});
export type LiveSnapshot = z.infer<typeof liveSnapshotSchema>;
