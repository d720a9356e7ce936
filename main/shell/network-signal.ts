/**
 * Tells the engine that the network is back, so that what waits for Stripe does not wait for its backoff: when the machine wakes, and when the system
 * says online after it said offline. Electron tells neither of its main process nor of a closed window when the network comes, so it is asked now
 * and then, which costs nothing. Knows no Electron: its parts are given.
 */
import type { Clock, Timer } from '../system/clock.ts';
import type { Fetch } from './engine-pipe.ts';

export type NetworkSignalOptions = {
  /** Electron's `powerMonitor`, or a test's. */
  readonly power: { readonly on: (event: 'resume', listener: () => void) => unknown };
  /** Electron's `net.isOnline`. */
  readonly isOnline: () => boolean;
  readonly clock: Clock;
  readonly tell: () => void;
};

const lookEveryMs = 5_000;

export function watchNetwork({ power, isOnline, clock, tell }: NetworkSignalOptions): { readonly close: () => void } {
  let wasOnline = isOnline();
  let timer: Timer;
  let isClosed = false;

  function look(): void {
    const isNow = isOnline();
    if (isNow && !wasOnline) tell();
    wasOnline = isNow;
    timer = clock.after(lookEveryMs, look);
  }
  timer = clock.after(lookEveryMs, look);
  power.on('resume', () => {
    if (!isClosed) tell();
  });
  return {
    close: () => {
      isClosed = true;
      timer.cancel();
    },
  };
}

export type TellOnlineOptions = {
  readonly fetch: Fetch;
  readonly token: string;
  /** Null while the engine is not up. */
  readonly engineUrl: () => string | null;
};

/** An engine that is not up needs no word: it begins with everything that is due. */
export async function tellOnline({ fetch, token, engineUrl }: TellOnlineOptions): Promise<void> {
  const base = engineUrl();
  if (base === null) return;
  try {
    await fetch(`${base}/api/stripe/online`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  } catch {
    // It died in between, and begins with everything that is due.
  }
}
