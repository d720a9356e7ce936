/** What a correction, an import or a repeat did to what is shown: told by the ledger after its commit. Plain data. */
import type { CallOutcome } from './call.ts';

/** What changed in the sums of one day. Differences, so they may be negative. */
export type DayChange = {
  readonly day: string;
  readonly costNanoUsd: number;
  readonly calls: number;
  /** Failed or refused. */
  readonly failedCalls: number;
  readonly unpricedCalls: number;
  readonly estimatedCalls: number;
  readonly tokens: number;
};

/**
 * What became of a settle that is not simply a row of its own: a second call with one message, or one that another source had told before
 * (`changes`: what that did to the sums).
 */
export type Unusual = { readonly callId: string } & (
  | { readonly kind: 'repeat'; readonly outcome: CallOutcome }
  | { readonly kind: 'merged'; readonly changes: readonly DayChange[] }
);
