/**
 * Whether the network is there, as the answers tell and, while nothing connects, a cheap probe. Decides nothing about events: it says when what waits is
 * worth a try again.
 */
import { backoffMs, type BackoffRange } from '../system/backoff.ts';
import type { Clock } from '../system/clock.ts';
import type { StripeAnswer } from './decide.ts';
import type { Probe } from './probe.ts';

export type NetworkWatch = {
  readonly isDown: () => boolean;
  readonly note: (answer: StripeAnswer) => void;
  /** Asks once the next probe is due; true when something connects that did not before. */
  readonly isBack: () => Promise<boolean>;
  /** Somebody says that it is worth a try. */
  readonly expect: () => void;
};

export type NetworkWatchOptions = { readonly probe: Probe; readonly clock: Clock; readonly fraction: () => number };

/** Every few seconds at first, then seldom. */
const probeRange: BackoffRange = { baseMs: 2_000, capMs: 30_000 };

export function createNetworkWatch({ probe, clock, fraction }: NetworkWatchOptions): NetworkWatch {
  let isDown = false;
  /** Since Stripe last answered anything; the probes grow apart with it. */
  let misses = 0;
  let nextProbeAtMs = 0;

  function plan(): void {
    misses += 1;
    nextProbeAtMs = clock.monotonicMs() + backoffMs(probeRange, misses, fraction(), probeRange.baseMs);
  }
  return {
    isDown: () => isDown,
    note: (answer: StripeAnswer) => {
      const wasDown = isDown;
      isDown = answer.kind === 'not_connected';
      if (!isDown) misses = 0;
      else if (!wasDown) plan();
    },
    /** Asks once the next probe is due; true when something connects that did not before. */
    isBack: async () => {
      if (!isDown || clock.monotonicMs() < nextProbeAtMs) return false;
      plan();
      if (!(await probe())) return false;
      isDown = false;
      return true;
    },
    /** Somebody says that it is worth a try. */
    expect: () => {
      isDown = false;
    },
  };
}
