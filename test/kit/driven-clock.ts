/** A clock that stands still until it is driven, and may be put back; its timers run when the time they wait for is passed. */
import type { Clock } from '../../main/system/clock.ts';

export type DrivenClock = Clock & { readonly advance: (byMs: number) => void };

export function createDrivenClock(startMs: number): DrivenClock {
  let nowMs = startMs;
  let monotonicMs = startMs;
  const waiting = new Set<{ readonly atMs: number; readonly run: () => void }>();
  return {
    nowMs: () => nowMs,
    monotonicMs: () => monotonicMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      waiting.add(timer);
      return { cancel: () => void waiting.delete(timer) };
    },
    advance: (byMs) => {
      nowMs += byMs;
      monotonicMs += Math.max(0, byMs);
      for (const timer of [...waiting].filter(({ atMs }) => atMs <= nowMs)) {
        if (waiting.delete(timer)) timer.run();
      }
    },
  };
}
