/**
 * The composition root: opens and connects the parts in order and closes them in reverse. Reading it top to bottom is reading the product.
 * One engine, two hosts: whoever starts it speaks to it only through HTTP on loopback.
 * Promises that both addresses accept connections when it resolves, and that `close` settles what is in flight.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';

import { AppError } from '../shared/contract/errors.ts';
import type { Settings } from '../shared/contract/settings.ts';
import { createDayOf } from '../shared/period.ts';
import { currentBook } from '../shared/pricing/current-book.ts';
import { settle } from '../shared/settle.ts';
import { createApi } from './api/app.ts';
import { serveApi } from './api/serve.ts';
import { ledgerFileName } from './ledger/ledger-file.ts';
import { openLedger, type Ledger } from './ledger/open.ts';
import { gapSentence } from './live/gap.ts';
import { createLive, type Live } from './live/live.ts';
import { rowOf } from './live/row.ts';
import { createRunningView } from './live/running-view.ts';
import { createSpendMeter, spendStartOf } from './live/spend-meter.ts';
import { startProxy, type Proxy, type ProxyCallbacks } from './proxy/server.ts';
import { resolveTimeZone } from './settings/time-zone.ts';
import { startSync } from './sync/start.ts';
import type { Clock } from './system/clock.ts';
import { readEngineFile, removeEngineFile, writeEngineFile } from './system/engine-file.ts';
import type { Ids } from './system/ids.ts';
import { errorText, type Log } from './system/log.ts';
import { version } from './system/version.ts';

export type EngineOptions = {
  /** Absolute; created by the host. */
  readonly home: string;
  /** Flags and environment already applied. */
  readonly settings: Settings;
  readonly secrets: { readonly anthropicApiKey: string | null; readonly stripeApiKey: string | null };
  /** The dashboard's token. */
  readonly token: string;
  readonly isDemo: boolean;
  /** Built dashboard to serve over HTTP; null in the desktop app, whose window brings its own. */
  readonly rendererFolder: string | null;
  readonly log: Log;
  readonly clock: Clock;
  readonly ids: Ids;
  /** A part died that metering cannot do without; the host closes what is left and starts again. */
  readonly onFatal?: (error: Error) => void;
};

export type Engine = {
  readonly proxyUrl: string;
  /** Without the token. */
  readonly dashboardUrl: string;
  /** Meter events that wait for Stripe, for the host's last words. */
  readonly close: () => Promise<{ readonly waitingEvents: number }>;
};

/** @throws AppError that says what to do: a port or the home folder in use, a ledger that cannot be opened. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { home, settings, clock, log } = options;
  refuseSecondEngine(home);
  const startedAtMs = clock.nowMs();
  const timeZone = resolveTimeZone(settings.timeZone);
  const dayOf = createDayOf(timeZone);

  const ledger = await openLedger({
    file: join(home, ledgerFileName),
    rules: { timeZone, plan: settings.plan },
    isDemo: options.isDemo,
    clock,
    onFatal: (error) => {
      log.error('the ledger stopped', { reason: errorText(error) });
      options.onFatal?.(error);
    },
  });
  const start = await ledger.read('liveStart', { today: dayOf(startedAtMs), nowMs: startedAtMs });
  const sync = await startSync({ ...options, ledger, monthOf: (atMs) => dayOf(atMs).slice(0, 7) });
  const live = createLive({
    clock,
    timeZone,
    isDemo: options.isDemo,
    contextLimit: settings.contextLimit,
    spend: createSpendMeter(spendStartOf(start, startedAtMs), dayOf),
    recent: start.recent,
    stripe: sync.summary,
    gap: () => gapSentence(ledger.writer.trouble()),
  });
  const proxy = await orExplain('proxy', settings.port, async () =>
    startProxy({
      port: settings.port,
      upstream: settings.upstream,
      defaults: settings,
      clock,
      callId: options.ids.callId,
      callbacks: meter(ledger, live),
    }),
  );
  let uiPort = settings.uiPort;
  const status = () => ({ ...statusOf(options, timeZone, proxy, startedAtMs), ledgerCalls: start.ledgerCalls });
  const parts = {
    read: ledger.read,
    live,
    clock,
    timeZone,
    status,
    stripeView: sync.view,
    syncNow: sync.now,
    retryEvent: sync.retry,
  };
  const guard = { token: options.token, port: () => uiPort };
  const api = createApi({ parts, guard, rendererFolder: options.rendererFolder, log: log.room('api') });
  const apiServer = await orExplain('dashboard', settings.uiPort, async () => serveApi(api, settings.uiPort));
  uiPort = apiServer.port;

  const dashboardUrl = `http://127.0.0.1:${uiPort}`;
  writeEngineFile(home, { pid: process.pid, proxyUrl: proxy.url, dashboardUrl, token: options.token });
  log.info('engine started', { proxyUrl: proxy.url, dashboardUrl, interruptedCalls: ledger.interruptedCalls });

  async function close() {
    await proxy.close();
    await sync.close();
    const waitingEvents = sync.summary().waitingEvents;
    live.close();
    await apiServer.close();
    await ledger.close();
    removeEngineFile(home);
    log.info('engine closed', { waitingEvents });
    return { waitingEvents };
  }
  return { proxyUrl: proxy.url, dashboardUrl, close };
}

/** The way of a call, past the proxy: durable begin, price, settle, and the screen after the commit. */
function meter(ledger: Ledger, live: Live): ProxyCallbacks {
  return {
    onBegin: async (call, soFar) => {
      await ledger.writer.begin(call);
      live.started(call, createRunningView(soFar, call.startedAtMs, currentBook));
    },
    onFinish: (call, end) => {
      const { outcome, lines } = settle(end, currentBook);
      ledger.writer.settle(call, { id: call.id, outcome, lines }, () => live.settled(rowOf(call, outcome)));
    },
  };
}

function statusOf({ settings, isDemo }: EngineOptions, timeZone: string, proxy: Proxy, startedAtMs: number) {
  const { teamName, upstream, contextLimit } = settings;
  const machine = [settings.member, hostname()].filter((part) => part !== null).join(' · ');
  const priceBook = currentBook.version;
  return {
    version,
    isDemo,
    teamName,
    timeZone,
    proxyUrl: proxy.url,
    upstream,
    machine,
    startedAtMs,
    priceBook,
    contextLimit,
  };
}

function refuseSecondEngine(home: string): void {
  const running = readEngineFile(home);
  if (running === null || running.pid === process.pid) return;
  const remedy = 'Stop it first, or start this one with another --home.';
  throw new AppError(
    'home_in_use',
    `Tollkeeper already runs on this home folder (process ${running.pid}, ${running.dashboardUrl}).`,
    remedy,
  );
}

async function orExplain<T>(what: 'proxy' | 'dashboard', port: number, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const flag = what === 'proxy' ? '--port' : '--ui-port';
    const reason =
      (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${errorText(error)})`;
    throw new AppError(
      'port_in_use',
      `Port ${port} of the ${what} ${reason}.`,
      `Choose another with ${flag}, or 0 for a free one.`,
      error,
    );
  }
}
