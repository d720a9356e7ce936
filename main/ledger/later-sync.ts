/**
 * Brings to the disk, a moment later, what the journal wrote at once: one sync for all that came meanwhile. Promises that at most one is under way, however
 * long the disk takes, and that `now` resolves when everything written before it is on the disk or the disk refused it (`onFailure`).
 */
import type { Clock, Timer } from '../system/clock.ts';
import type { Segment } from './journal-segment.ts';

export type LaterSync = {
  readonly written: (file: Segment) => void;
  readonly now: () => Promise<void>;
};

/** The ledger commits what the journal holds within some 50 milliseconds by itself; this is for a ledger that does not. */
const syncAfterMs = 20;

export function createLaterSync(clock: Pick<Clock, 'after'>, onFailure: (error: unknown) => void): LaterSync {
  const unsynced = new Set<Segment>();
  let timer: Timer | null = null;
  let syncing: Promise<void> | null = null;

  function plan(): void {
    timer ??= clock.after(syncAfterMs, () => {
      timer = null;
      void start();
    });
  }

  function start(): Promise<void> {
    syncing ??= sync().finally(() => {
      syncing = null;
      if (unsynced.size > 0) plan();
    });
    return syncing;
  }

  async function sync(): Promise<void> {
    const files = [...unsynced];
    unsynced.clear();
    try {
      for (const file of files) await file.sync();
    } catch (error) {
      onFailure(error);
    }
  }

  return {
    written: (file) => {
      unsynced.add(file);
      plan();
    },
    now: async () => {
      // One that is under way may have begun before the last write.
      await syncing;
      if (unsynced.size > 0) await start();
      timer?.cancel();
      timer = null;
    },
  };
}
