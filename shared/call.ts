/**
 * A call: one request to `/v1/messages`, from first byte in to last byte out. The words of the ledger, the API and the screens.
 * Plain data only. A settled call is never changed; a correction is a new one that names the old.
 */
import type { TokenCounts } from './usage.ts';

export const callSources = ['proxy', 'claude_code', 'batch', 'import'] as const;
export type CallSource = (typeof callSources)[number];

/** `in_flight` exists only between begin and settle; an export never shows it. */
export const callStatuses = ['in_flight', 'complete', 'partial', 'failed', 'refused'] as const;
export type CallStatus = (typeof callStatuses)[number];

/** Who made the call and what for; null is shown as "unassigned". `customer` is a Stripe customer id. */
export type Attribution = {
  readonly member: string | null;
  readonly project: string | null;
  readonly customer: string | null;
  readonly conversation: string | null;
};

/** What is known before the request leaves the machine; `ledger.begin` makes it durable. */
export type BegunCall = Attribution & {
  readonly id: string;
  readonly source: CallSource;
  readonly startedAtMs: number;
  readonly path: string;
  /** Short product token of the client's User-Agent, e.g. "claude-cli". */
  readonly client: string | null;
  /** Who uses the client, as the client itself says in `metadata.user_id`: opaque, and no member. */
  readonly clientUser: string | null;
  readonly requestedModel: string | null;
  readonly isStream: boolean;
  readonly promptBytes: number;
};

export const tokenClasses = [
  'input',
  'cache_write_5m',
  'cache_write_1h',
  'cache_read',
  'output',
  'web_search',
  'rounding',
  'imported',
] as const;
export type TokenClass = (typeof tokenClasses)[number];

/**
 * One priced part of a call. `quantity` × `unitPricePicoUsd` = `amountPicoUsd`, exactly. A `rounding` line (quantity 1) carries the
 * difference of the call's one rounding, so that the lines of a call always add up to its cost. An `imported` line (quantity 1) is a cost that
 * another machine worked out from passes it did not export.
 * Amounts are safe integers of 10^-12 USD: $9,007 a line.
 */
export type ChargeLine = {
  readonly model: string;
  readonly tokenClass: TokenClass;
  readonly quantity: number;
  readonly unitPricePicoUsd: number;
  readonly amountPicoUsd: number;
  /** What set the price: "standard", "batch", "fast", "long prompt", joined with " · " and "US ×1.1" where it applies. */
  readonly basis: string;
};

/** What is known at the end of a call; with its charge lines it becomes the settled row. */
export type CallOutcome = TokenCounts & {
  readonly status: Exclude<CallStatus, 'in_flight'>;
  readonly isEstimated: boolean;
  readonly endedAtMs: number;
  readonly firstByteMs: number | null;
  readonly model: string | null;
  readonly messageId: string | null;
  readonly requestId: string | null;
  readonly httpStatus: number | null;
  readonly stopReason: string | null;
  readonly errorType: string | null;
  readonly serviceTier: string | null;
  readonly speed: string | null;
  readonly inferenceGeo: string | null;
  readonly thinkingTokens: number;
  readonly webSearchRequests: number;
  readonly passCount: number;
  readonly responseBytes: number;
  /** Null exactly when the call is unpriced, and then `unpricedReason` says why. */
  readonly costNanoUsd: number | null;
  readonly priceBook: string | null;
  readonly unpricedReason: string | null;
  /**
   * The `usage` object as Anthropic sent it (merged for a stream). Kept only where the counts above do not tell everything, so that a later
   * book can price the call again: where it has passes of its own.
   */
  readonly usageJson: string | null;
  /** Of a refused call, what it was expected to cost; null for every other, and where its model has no price. */
  readonly wouldCostNanoUsd: number | null;
  /** What the client of a refused call was told: a sentence about limits and names, nothing of its prompt. */
  readonly refusal: string | null;
};

/** Of every call that no limit stopped. */
export const notRefused = { wouldCostNanoUsd: null, refusal: null } as const;

/** A call as the ledger knows it: what was begun and how it ended. */
export type CallRecord = BegunCall & CallOutcome;

export type SettledCall = { readonly id: string; readonly outcome: CallOutcome; readonly lines: readonly ChargeLine[] };
