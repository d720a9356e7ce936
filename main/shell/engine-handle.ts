/**
 * The engine as the desktop app holds it: a utilityProcess that is started, watched and started again.
 * States: starting → ready → (dead → starting, by restart-policy) → closed. The proxy keeps its port, so clients find it again by themselves.
 */
import { utilityProcess, type UtilityProcess } from 'electron';

import type { Clock } from '../system/clock.ts';
import { fromEngineSchema, type FromEngine, type StartMessage } from '../../shared/contract/engine-process.ts';
import { nextRestart } from './restart-policy.ts';

export type EngineAddresses = { readonly proxyUrl: string; readonly dashboardUrl: string };

export type EngineHandle = {
  /** Null while the engine starts or is dead. */
  readonly addresses: () => EngineAddresses | null;
  readonly close: () => Promise<void>;
};

export type EngineHandleOptions = {
  /** Path of the built engine-process entry. */
  readonly entry: string;
  readonly start: Omit<StartMessage, 'kind'>;
  readonly clock: Clock;
  readonly onReady: (addresses: EngineAddresses) => void;
  readonly onDown: () => void;
  /** It will not come up by itself: say why, and what to do. */
  readonly onFailed: (failure: { readonly message: string; readonly remedy: string }) => void;
};

/** A quit waits this long for calls in flight to be settled. */
const closeTimeoutMs = 8_000;

export function startEngineProcess(options: EngineHandleOptions): EngineHandle {
  const deathsAtMs: number[] = [];
  let process: UtilityProcess | null = null;
  let addresses: EngineAddresses | null = null;
  let isClosing = false;

  function start(): void {
    process = utilityProcess.fork(options.entry, [], { serviceName: 'Tollkeeper engine', stdio: 'ignore' });
    process.on('message', (message: unknown) => onMessage(fromEngineSchema.parse(message)));
    process.on('exit', onExit);
    process.postMessage({ kind: 'start', ...options.start });
  }

  function onMessage(message: FromEngine): void {
    if (message.kind === 'failed') return options.onFailed(message);
    addresses = { proxyUrl: message.proxyUrl, dashboardUrl: message.dashboardUrl };
    options.onReady(addresses);
  }

  function onExit(): void {
    addresses = null;
    if (isClosing) return;
    options.onDown();
    const nowMs = options.clock.nowMs();
    deathsAtMs.push(nowMs);
    const next = nextRestart(deathsAtMs, nowMs);
    if (next.kind === 'restart') options.clock.after(next.afterMs, start);
    else
      options.onFailed({
        message: 'The engine stopped four times in five minutes.',
        remedy: 'Quit, look at the log in the home folder, and start again.',
      });
  }

  start();
  return {
    addresses: () => addresses,
    close: () =>
      new Promise((resolve) => {
        isClosing = true;
        const running = process;
        if (running === null || addresses === null) return resolve();
        running.once('exit', () => resolve());
        running.postMessage({ kind: 'close' });
        options.clock.after(closeTimeoutMs, () => {
          running.kill();
          resolve();
        });
      }),
  };
}
