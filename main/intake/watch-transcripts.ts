/**
 * Keeps reading Claude Code's transcripts while they grow (setting `watchTranscripts`). A change is read a moment after it, so that the lines of one
 * message come together; what the file system does not tell is found by looking again every minute. Never fails the engine: a trouble is told, and
 * the next look tries again.
 */
import { watch, type FSWatcher } from 'node:fs';

import type { Clock, Timer } from '../system/clock.ts';
import { transcriptRoots, type TranscriptPlaces } from './transcript-files.ts';

export type WatchOptions = {
  /** Off, nothing is looked at. */
  readonly isOn: boolean;
  readonly places: TranscriptPlaces;
  readonly clock: Clock;
  readonly read: (places: TranscriptPlaces) => Promise<unknown>;
  readonly onTrouble: (error: unknown) => void;
};

const settleMs = 1_500;
const lookAgainMs = 60_000;

/** The first look is at once. Returns the function that ends it. */
export function watchTranscripts({ isOn, places, clock, read, onTrouble }: WatchOptions): () => Promise<void> {
  let timer: Timer | null = null;
  let dueMs = Infinity;
  let reading: Promise<void> | null = null;
  let isClosed = false;
  const watchers = new Map<string, FSWatcher>();

  function plan(delayMs: number): void {
    const wantedMs = clock.monotonicMs() + delayMs;
    if (isClosed || wantedMs >= dueMs) return;
    timer?.cancel();
    dueMs = wantedMs;
    timer = clock.after(delayMs, look);
  }

  function look(): void {
    dueMs = Infinity;
    if (reading) return plan(settleMs);
    follow();
    reading = read(places)
      .then(() => {}, onTrouble)
      .finally(() => {
        reading = null;
        plan(lookAgainMs);
      });
  }

  /** Folders may appear after the start: Claude Code makes them with its first session. */
  function follow(): void {
    for (const root of transcriptRoots(places)) {
      if (watchers.has(root)) continue;
      const watcher = watch(root, { recursive: true, persistent: false }, () => plan(settleMs));
      watcher.on('error', () => {
        watcher.close();
        watchers.delete(root);
      });
      watchers.set(root, watcher);
    }
  }

  if (isOn) plan(0);
  return async () => {
    isClosed = true;
    timer?.cancel();
    for (const watcher of watchers.values()) watcher.close();
    await reading;
  };
}
