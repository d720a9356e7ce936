/**
 * The composition root: opens and connects the parts in order and closes them in reverse. Reading it top to bottom is reading the product.
 * One engine, two hosts: whoever starts it speaks to it only through HTTP on loopback.
 * Promises that both addresses accept connections when it resolves, and that `close` settles what is in flight.
 */
import { join } from 'node:path';

import type { DayChange } from '../shared/corrections.ts';
import { createOutputCalibration } from '../shared/output-estimate.ts';
import { createDayOf } from '../shared/period.ts';
import { dataOf, type PriceBook } from '../shared/pricing/price-book.ts';
import { startApiServer } from './api/start.ts';
import { connectBilling } from './engine-billing.ts';
import { openEngineCustomers } from './engine-customers.ts';
import { openEngineKeys } from './engine-keys.ts';
import { connectLimits } from './engine-limits.ts';
import type { Engine, EngineOptions } from './engine-options.ts';
import { openEnginePlan } from './engine-plan.ts';
import { openEngineRules } from './engine-rules.ts';
import { startEngineIntake } from './intake/engine-intake.ts';
import { ledgerFileName } from './ledger/ledger-file.ts';
import { openLedger, type Ledger } from './ledger/open.ts';
import { createPrices } from './ledger/prices.ts';
import { createLive } from './live/live.ts';
import { meterCalls } from './live/meter-calls.ts';
import { createSpendMeter, spendStartOf } from './live/spend-meter.ts';
import { startProxy } from './proxy/server.ts';
import { connectionsOf } from './settings/connections.ts';
import { explainPortFailure } from './settings/port-failure.ts';
import { readBookInForce } from './settings/price-book-file.ts';
import { resolveTimeZone } from './settings/time-zone.ts';
import { startSync } from './sync/start.ts';
import { removeEngineFile, writeEngineFile } from './system/engine-file.ts';
import { errorText } from './system/error-text.ts';

export type { Engine } from './engine-options.ts';

/** @throws AppError that says what to do: a port or the home folder in use, a ledger that cannot be opened. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { home, settings, clock, log } = options;
  const timeZone = resolveTimeZone(settings.timeZone);
  const book = readBookInForce(home);
  const ledger = await openLedger({
    file: join(home, ledgerFileName),
    rules: { timeZone, plan: settings.plan, book: dataOf(book) },
    isDemo: options.isDemo,
    clock,
    onNotice: (sentence) => log.warn('ledger', { sentence }),
    onFatal: (error) => {
      log.error('the ledger stopped', { reason: errorText(error) });
      options.onFatal?.(error);
    },
  });
  try {
    return await connectParts(options, ledger, book, timeZone);
  } catch (error) {
    // Whoever is started next finds the home folder free.
    await ledger.close();
    throw error;
  }
}

async function connectParts(options: EngineOptions, ledger: Ledger, book: PriceBook, timeZone: string) {
  const customers = openEngineCustomers(options);
  const { home, clock, log, ids, settings } = { ...options, ...customers };
  ledger.writer.prepare();
  const connections = connectionsOf(home, settings, options.proxies);
  const { memberKeys, useAnthropicKey, seen } = openEngineKeys(options);
  const startedAtMs = clock.nowMs();
  const dayOf = createDayOf(timeZone);
  const readLive = (nowMs: number) => ledger.read('liveStart', { today: dayOf(nowMs), nowMs });
  const start = await readLive(startedAtMs);
  const monthOf = (atMs: number) => dayOf(atMs).slice(0, 7);
  const onChanges = (changes: readonly DayChange[]) => {
    live.changed(changes);
    if (changes.length > 0) limits.ledgerChanged();
  };
  const prices = createPrices({ ledger, book, clock, onChanges });
  const limits = connectLimits(options, ledger, {
    timeZone,
    book: prices.book,
    start: await ledger.read('limitsStart', { today: dayOf(startedAtMs), nowMs: startedAtMs }),
    onRefused: (row) => live.settled(row),
  });
  const rules = openEngineRules(options, limits.useSettings, openEnginePlan(options, ledger));
  const sync = await startSync({ ...options, connection: connections.stripe, ledger, timeZone, monthOf });
  const live = createLive({
    clock,
    timeZone,
    isDemo: options.isDemo,
    limits,
    spend: createSpendMeter(spendStartOf(start, startedAtMs), dayOf),
    recent: start.recent,
    readAgain: () => readLive(clock.nowMs()),
    stripe: sync.summary,
    gap: ledger.gap,
  });
  const { batchHolds } = limits;
  const intake = startEngineIntake({ ...options, settings, ledger, book: prices.book, ...ids, onChanges, batchHolds });
  const calibration = createOutputCalibration(start.calibration);
  const { assigning, billing } = connectBilling(options, { ledger, sync, customers, book: prices.book, onChanges });
  const views = { limits, rules, intake, prices, assigning, sync, billing };
  const proxy = await explainPortFailure('proxy', settings.port, async () =>
    startProxy({
      port: settings.port,
      ...connections.upstream,
      allowedHosts: settings.allowedHosts,
      allowedOrigins: settings.allowedOrigins,
      defaults: settings,
      memberKeys,
      drainsOnAbort: rules.drainsOnAbort,
      calibration,
      clock,
      callId: ids.callId,
      callbacks: { ...meterCalls(ledger.writer, live, prices.book, limits), ...intake.batches, ...limits.callbacks },
    }),
  );
  const { url: dashboardUrl, close: closeApi } = await startApiServer({
    settings,
    token: options.token,
    rendererFolder: options.rendererFolder,
    log,
    facts: { isDemo: options.isDemo, timeZone, proxyUrl: proxy.url, startedAtMs, ledgerCalls: start.ledgerCalls },
    parts: { ...seen, ...views, read: ledger.read, live, clock, timeZone, home },
  });
  writeEngineFile(home, { proxyUrl: proxy.url, dashboardUrl, token: options.token });
  log.info('engine started', { proxyUrl: proxy.url, dashboardUrl, interruptedCalls: ledger.interruptedCalls });

  async function close() {
    await intake.stopWatching();
    await proxy.close();
    await intake.settled();
    await sync.close();
    const { waitingEvents, waitingNanoUsd } = await ledger.read('outboxSummary', null);
    live.close();
    for (const part of [rules, customers]) part.close();
    await closeApi();
    await limits.close();
    await ledger.write('keepCalibration', calibration.snapshot());
    removeEngineFile(home);
    await ledger.close();
    log.info('engine closed', { waitingEvents });
    return { waitingEvents, waitingNanoUsd };
  }
  const useSecrets = ({ anthropicApiKey, stripeApiKey }: EngineOptions['secrets']) => {
    useAnthropicKey(anthropicApiKey);
    return sync.useApiKey(stripeApiKey);
  };
  return { proxyUrl: proxy.url, dashboardUrl, useSecrets, close };
}
