/**
 * Full-jitter exponential backoff: a delay drawn evenly from [0, min(cap, base · 2^attempt)].
 * Source: "Exponential Backoff And Jitter" (AWS Architecture Blog); full jitter spreads a fleet that lost the network together.
 */
export type BackoffRange = { readonly baseMs: number; readonly capMs: number };

/** `attempt` counts from 0; `fraction` in [0, 1) is the caller's randomness. Never below `floorMs` (a server's `retry-after`). */
export function backoffMs(range: BackoffRange, attempt: number, fraction: number, floorMs = 0): number {
  // Past 2^30 the cap has long won; the bound keeps the power a safe number.
  const ceilingMs = Math.min(range.capMs, range.baseMs * 2 ** Math.min(attempt, 30));
  return Math.max(floorMs, Math.round(ceilingMs * fraction));
}
