/**
 * Time as a parameter: the only place of the engine that reads the clock or sets a timer.
 * Tests drive `Clock` by hand; nothing else may call Date.now, performance.now or setTimeout.
 */
export type Timer = { readonly cancel: () => void };

export type Clock = {
  /** Milliseconds since the epoch; may jump when a person or NTP sets the machine's clock. */
  readonly nowMs: () => number;
  /** Milliseconds of a clock that never jumps; only differences mean something. */
  readonly monotonicMs: () => number;
  /** Runs once after `delayMs`. A timer never keeps the process alive. */
  readonly after: (delayMs: number, run: () => void) => Timer;
};

/** setTimeout fires at once beyond this, so longer delays are cut to it; callers look at the clock again when they wake. */
const timerDelayMaxMs = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), timerDelayMaxMs));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts. Unlike `after` it may keep the process alive no longer than its caller does. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    function onAbort(): void {
      timer.cancel();
      resolve();
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
