/**
 * The engine as the desktop app holds it: a process that is started, watched and started again. Knows no Electron: how to fork is given.
 * States: starting → ready → (dead → waiting → starting, by restart-policy) → closed. An engine that says it failed, or dies too often, is
 * down until `retry`. The proxy keeps its port, so clients find it again by themselves.
 */
import {
  fromEngineSchema,
  type FromEngine,
  type SecretsMessage,
  type StartMessage,
} from '../../shared/contract/engine-process.ts';
import type { WaitingOutbox } from '../../shared/quit-words.ts';
import type { Clock, Timer } from '../system/clock.ts';
import { nextRestart } from './restart-policy.ts';

export type EngineAddresses = { readonly proxyUrl: string; readonly dashboardUrl: string };
export type EngineFailure = { readonly message: string; readonly remedy: string };

export type ToEngine = StartMessage | SecretsMessage | { readonly kind: 'close' };
export type RunningProcess = { readonly post: (message: ToEngine) => void; readonly kill: () => void };
export type ProcessEvents = { readonly onMessage: (message: unknown) => void; readonly onExit: () => void };
export type Fork = (events: ProcessEvents) => RunningProcess;

export type EngineHandle = {
  /** Null while the engine starts or is down. */
  readonly addresses: () => EngineAddresses | null;
  /** After `onFailed`: a person says that it is worth another try. */
  readonly retry: () => void;
  /** Other keys are in use: by the engine that runs, without a restart, and by every one that is started after it. */
  readonly useSecrets: (secrets: StartMessage['secrets']) => void;
  /** What waits for Stripe; null when it could not say. Asked twice (a second Ctrl-C, Quit during quitting) it is still one close. */
  readonly close: () => Promise<WaitingOutbox | null>;
};

export type EngineHandleOptions = {
  readonly fork: Fork;
  readonly start: Omit<StartMessage, 'kind'>;
  readonly clock: Clock;
  readonly onReady: (addresses: EngineAddresses) => void;
  readonly onDown: () => void;
  /** It will not come up by itself: say why, and what to do. */
  readonly onFailed: (failure: EngineFailure) => void;
};

/** A quit waits this long for calls in flight to be settled. */
const closeTimeoutMs = 8_000;

const diedTooOften: EngineFailure = {
  message: 'The engine stopped four times in five minutes.',
  remedy: 'Look at the log in the home folder, then try again.',
};

export function startEngineProcess(options: EngineHandleOptions): EngineHandle {
  const { clock } = options;
  let deathsAtMs: number[] = [];
  let { secrets } = options.start;
  let running: RunningProcess | null = null;
  let addresses: EngineAddresses | null = null;
  let failure: EngineFailure | null = null;
  let waiting: Timer | null = null;
  let closing: Promise<WaitingOutbox | null> | null = null;
  let waitingOutbox: WaitingOutbox | null = null;
  let onClosed: (() => void) | null = null;

  function start(): void {
    running = options.fork({ onMessage: (message) => onMessage(fromEngineSchema.parse(message)), onExit });
    running.post({ kind: 'start', ...options.start, secrets });
  }

  function onMessage(message: FromEngine): void {
    if (message.kind === 'failed') {
      failure = message;
      // It serves nothing any more; its end is told as this failure.
      running?.post({ kind: 'close' });
      return;
    }
    if (message.kind === 'closed') {
      const { waitingEvents, waitingNanoUsd } = message;
      waitingOutbox = { waitingEvents, waitingNanoUsd };
      return;
    }
    addresses = { proxyUrl: message.proxyUrl, dashboardUrl: message.dashboardUrl };
    options.onReady(addresses);
  }

  function onExit(): void {
    running = null;
    addresses = null;
    if (onClosed !== null) return onClosed();
    options.onDown();
    if (failure !== null) return options.onFailed(failure);
    const nowMs = clock.nowMs();
    deathsAtMs.push(nowMs);
    const next = nextRestart(deathsAtMs, nowMs);
    if (next.kind === 'restart') waiting = clock.after(next.afterMs, start);
    else options.onFailed(diedTooOften);
  }

  function retry(): void {
    if (running !== null || closing !== null) return;
    waiting?.cancel();
    failure = null;
    deathsAtMs = [];
    start();
  }

  function useSecrets(next: StartMessage['secrets']): void {
    secrets = next;
    if (closing === null) running?.post({ kind: 'secrets', secrets });
  }

  function close(): Promise<WaitingOutbox | null> {
    closing ??= new Promise((resolve) => {
      waiting?.cancel();
      if (running === null) return resolve(null);
      const timer = clock.after(closeTimeoutMs, () => {
        running?.kill();
        resolve(waitingOutbox);
      });
      onClosed = () => {
        timer.cancel();
        resolve(waitingOutbox);
      };
      running.post({ kind: 'close' });
    });
    return closing;
  }

  start();
  return { addresses: () => addresses, retry, useSecrets, close };
}
