/** Keeps what repeats from flooding whoever watches: the same thing is worth a word once a minute. Bounded. */
import type { Clock } from '../system/clock.ts';

const pauseMs = 60_000;
const keysMax = 1_000;

/** True when it has not been said within the last minute. */
export function createNoticePace(clock: Pick<Clock, 'monotonicMs'>): (key: string) => boolean {
  const saidMs = new Map<string, number>();
  return (key) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - (saidMs.get(key) ?? -Infinity) < pauseMs) return false;
    saidMs.delete(key);
    saidMs.set(key, nowMs);
    const oldest = saidMs.keys().next();
    if (saidMs.size > keysMax && !oldest.done) saidMs.delete(oldest.value);
    return true;
  };
}
