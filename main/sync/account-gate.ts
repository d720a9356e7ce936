/**
 * Nothing is sent or read before it is certain that the key is of the account and mode that the ledger is billed to.
 *
 * In prose: it begins *asking*. A key whose own text says the other mode is *refused* without a request. Else Stripe is asked whose key it is; the first
 * account that is told is bound in the ledger, a later one must be the same or is *refused*. While Stripe cannot be reached the gate is *offline* and asks
 * again by itself, after a cheap probe that connects; while Stripe says "not now" it waits as long as Stripe says. *Open* is for good: a key does not change
 * its account. Refused is asked again when a person asks, and seldom by itself, since permissions can change under a key.
 */
import type { StripeAccountBinding, StripeMode } from '../../shared/stripe-binding.ts';
import { modeOfKey, troubleOfAccount, troubleOfKey } from '../../shared/stripe-binding.ts';
import { backoffMs, type BackoffRange } from '../system/backoff.ts';
import type { Clock, Timer } from '../system/clock.ts';
import type { Probe } from './probe.ts';
import type { AccountAnswer } from './stripe-account.ts';

export type GateState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'open'; readonly accountId: string; readonly mode: StripeMode }
  | { readonly kind: 'offline'; readonly atMs: number; readonly sentence: string }
  | { readonly kind: 'refused'; readonly atMs: number; readonly sentence: string; readonly remedy: string };

export type AccountGate = {
  readonly state: () => GateState;
  /** Asks now, whatever the waits say; what is open stays open. */
  readonly ask: () => Promise<GateState>;
  /** The ledger has given its account up: asks from the beginning. */
  readonly askAnew: () => Promise<GateState>;
  /** The network is back, somebody says. */
  readonly expect: () => void;
  readonly close: () => void;
};

export type AccountGateOptions = {
  readonly apiKey: string;
  /** One read of Stripe. */
  readonly askAccount: () => Promise<AccountAnswer>;
  readonly bound: () => Promise<StripeAccountBinding | null>;
  readonly bind: (contact: { accountId: string; isLive: boolean; nowMs: number }) => Promise<StripeAccountBinding>;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly fraction: () => number;
  readonly onOpen: () => void;
  /** The ledger failed; asked again later. */
  readonly onTrouble: (error: unknown) => void;
};

const probeRange: BackoffRange = { baseMs: 2_000, capMs: 30_000 };
const notNowRange: BackoffRange = { baseMs: 1_000, capMs: 15 * 60_000 };
const afterRefusalMs = 15 * 60_000;

export function openAccountGate(options: AccountGateOptions): AccountGate {
  const { apiKey, clock, fraction } = options;
  let state: GateState = { kind: 'asking' };
  let running: Promise<GateState> | null = null;
  let timer: Timer | null = null;
  let misses = 0;
  let isClosed = false;

  async function look(): Promise<GateState> {
    const bound = await options.bound();
    const wrongKey = troubleOfKey(apiKey, bound);
    if (wrongKey !== null) return refused(wrongKey);
    const answer = await options.askAccount();
    // The ledger may be closed by now.
    if (isClosed) return state;
    switch (answer.kind) {
      case 'account':
        return compare(answer.accountId);
      case 'refused':
        return refused(answer);
      case 'not_connected':
        plan(backoffMs(probeRange, (misses += 1), fraction(), probeRange.baseMs), probeFirst);
        return { kind: 'offline', atMs: clock.nowMs(), sentence: `Offline: ${answer.reason}` };
      case 'not_now':
        plan(Math.max(backoffMs(notNowRange, (misses += 1), fraction(), 500), answer.retryAfterMs ?? 0), askAgain);
        return { kind: 'offline', atMs: clock.nowMs(), sentence: `Stripe does not answer now: ${answer.reason}` };
    }
  }

  async function compare(accountId: string): Promise<GateState> {
    const mode = modeOfKey(apiKey) ?? 'test';
    const bound = await options.bind({ accountId, isLive: mode === 'live', nowMs: clock.nowMs() });
    const wrong = troubleOfKey(apiKey, bound) ?? troubleOfAccount(accountId, bound);
    return wrong === null ? { kind: 'open', accountId, mode } : refused(wrong);
  }

  function refused({ sentence, remedy }: { readonly sentence: string; readonly remedy: string }): GateState {
    plan(afterRefusalMs, askAgain);
    return { kind: 'refused', atMs: clock.nowMs(), sentence, remedy };
  }

  function plan(afterMs: number, then: () => void): void {
    timer?.cancel();
    timer = isClosed ? null : clock.after(afterMs, then);
  }

  const tell = (error: unknown) => (isClosed ? undefined : options.onTrouble(error));
  const askAgain = () => void ask().catch(tell);

  function probeFirst(): void {
    options
      .probe()
      .then((isReachable) => {
        if (isReachable) askAgain();
        else plan(backoffMs(probeRange, (misses += 1), fraction(), probeRange.baseMs), probeFirst);
      })
      .catch(tell);
  }

  /** One question at a time: a button, the timer and the start share it. */
  function ask(): Promise<GateState> {
    if (state.kind === 'open' || isClosed) return Promise.resolve(state);
    running ??= look()
      .then((next) => {
        state = next;
        if (next.kind === 'open') {
          timer?.cancel();
          misses = 0;
          options.onOpen();
        }
        return next;
      })
      .finally(() => {
        running = null;
      });
    return running;
  }

  return {
    state: () => state,
    ask,
    askAnew: async () => {
      await running;
      state = { kind: 'asking' };
      return ask();
    },
    expect: () => {
      if (state.kind === 'offline') askAgain();
    },
    close: () => {
      isClosed = true;
      timer?.cancel();
    },
  };
}
