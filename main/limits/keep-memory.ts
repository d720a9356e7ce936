/** Keeps what the limits have learnt, and whom somebody let on, between starts: every five minutes, at once when asked, and at the end. */
import type { Clock, Timer } from '../system/clock.ts';

/** What is learnt in between is learnt again after a kill; what somebody let on is kept at once. */
const intervalMs = 5 * 60_000;

export type MemoryKeeper = { readonly now: () => Promise<void>; readonly close: () => Promise<void> };

/** `write` never rejects. */
export function startKeepingMemory(clock: Pick<Clock, 'after'>, write: () => Promise<unknown>): MemoryKeeper {
  let timer: Timer = clock.after(intervalMs, again);
  let isClosed = false;

  async function now(): Promise<void> {
    await write();
  }

  function again(): void {
    void now().finally(() => {
      if (!isClosed) timer = clock.after(intervalMs, again);
    });
  }

  return {
    now,
    close: () => {
      isClosed = true;
      timer.cancel();
      return now();
    },
  };
}
