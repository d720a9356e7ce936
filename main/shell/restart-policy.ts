/** When a dead engine is started again: after 1, 2 and 4 seconds, at most three times in five minutes. Pure; then a person has to look. */
export type Restart = { readonly kind: 'restart'; readonly afterMs: number } | { readonly kind: 'give_up' };

const windowMs = 5 * 60_000;
const restartsMax = 3;

/** `deathsAtMs`: when the engine died, this time included, oldest first. */
export function nextRestart(deathsAtMs: readonly number[], nowMs: number): Restart {
  const recent = deathsAtMs.filter((atMs) => atMs > nowMs - windowMs);
  if (recent.length > restartsMax) return { kind: 'give_up' };
  return { kind: 'restart', afterMs: 1_000 * 2 ** (recent.length - 1) };
}
