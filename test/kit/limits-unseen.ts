/** Limits that have seen nothing, for tests of the live picture alone. */
import type { LimitsSeen } from '../../main/live/limits-seen.ts';

export function limitsUnseen(limitTokens: number | null): LimitsSeen {
  return {
    conversation: () => ({
      parent: null,
      growthTokens: null,
      limitTokens,
      windowTokens: null,
      turnsToLimit: null,
      cache: { readShare: null, warmTokens: 0, lifetime: null, expiresAtMs: null },
      nextTurn: { costNanoUsd: null, costAfterExpiryNanoUsd: null },
      warnings: [],
      letOn: null,
    }),
    summary: () => ({ refused: [], budgetWarnings: [], limitsFailure: null }),
  };
}
