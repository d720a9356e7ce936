/**
 * `tollkeeper sync [status|show ID|now|retry ID|set-aside ID]`: the outbox; carry-forwards and months are sync-carry.ts's and sync-month.ts's. What is shown is read from the ledger;
 * everything else goes through the running engine, or through an agent of its own when none runs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { syncResultSchema, type SyncResult } from '../../shared/contract/api.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { boundInWords } from '../../shared/stripe-binding.ts';
import { createDayOf, monthOfDay } from '../../shared/period.ts';
import { readOutbox } from '../ledger/outbox-read.ts';
import { ledgerFileName, openLedgerFile } from '../ledger/ledger-file.ts';
import { readBinding } from '../ledger/stripe-account.ts';
import { readMeterEvent } from '../ledger/read-meter-event.ts';
import { streamSentenceOf } from '../sync/roads.ts';
import { startSync, type Sync } from '../sync/start.ts';
import { silentLog } from '../system/log.ts';
import { connectEngine, type EngineClient } from './engine-client.ts';
import { connectionsOf } from '../settings/connections.ts';
import { proxiesOf, secretsOf, settingsOf } from '../settings/environment.ts';
import { openSettings } from '../settings/store.ts';
import { demoLabel, writeLine, type ExitCode, type Host } from './host.ts';
import { openLedgerAlone } from './ledger-alone.ts';
import { homeOf, openForReading } from './ledger-reader.ts';
import { eventText, statusText } from './sync-text.ts';

export type SyncFlags = { readonly home?: string; readonly json?: boolean };

export async function syncStatus(flags: SyncFlags, host: Host): Promise<ExitCode> {
  const found = openForReading(homeOf(flags.home, host));
  if (found === null && !flags.json) {
    writeLine(host.stdout, 'Nothing waits: there is no ledger in this home folder.');
    return 0;
  }
  // A program that reads it finds the same fields, all of nothing.
  const ledger = found ?? { db: openLedgerFile(':memory:', 'write'), timeZone: 'UTC', isDemo: false };
  const nowMs = host.clock.nowMs();
  const dayOf = createDayOf(ledger.timeZone);
  const view = readOutbox(ledger.db, { month: monthOfDay(dayOf(nowMs)), nowMs });
  const account = readBinding(ledger.db);
  ledger.db.close();
  const { isDemo } = ledger;
  const streamSentence = streamSentenceHere(flags, host);
  if (flags.json) writeLine(host.stdout, JSON.stringify({ isDemo, account, ...view, streamSentence }));
  else {
    const stream = streamSentence === null ? [] : [streamSentence];
    const head = [...(isDemo ? [demoLabel] : []), boundInWords(account, isDemo)];
    for (const line of [...head, ...statusText(view, dayOf), ...stream]) writeLine(host.stdout, line);
  }
  return 0;
}

function streamSentenceHere({ home }: SyncFlags, host: Host): string | null {
  const { settings } = openSettings(homeOf(home, host), settingsOf(host.env));
  return streamSentenceOf(settings.stripeStream, secretsOf(host.env).stripeApiKey);
}

/** One event and the calls it sums. */
export async function syncShow(id: string, flags: SyncFlags, host: Host): Promise<ExitCode> {
  const ledger = openForReading(homeOf(flags.home, host));
  const event = ledger === null ? null : readMeterEvent(ledger.db, id);
  ledger?.db.close();
  if (event === null)
    throw new AppError(
      'not_found',
      'There is no meter event of this id, or its calls are summed anew and not sealed yet.',
      seeStatus,
    );
  if (flags.json) writeLine(host.stdout, JSON.stringify(event));
  else for (const line of eventText(event)) writeLine(host.stdout, line);
  return 0;
}

const seeStatus = 'See `tollkeeper sync status` for the ids.';

/** Exit 1 when something still waits after it. */
export async function syncNow(flags: SyncFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const result = await through(home, host, {
    engine: async (ask) => syncResultSchema.parse(await ask('POST', '/api/stripe/sync')),
    alone: (sync) => sync.now(),
  });
  return tell(result, flags, host);
}

export async function syncRetry(id: string, flags: SyncFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const result = await through(home, host, {
    engine: async (ask) => syncResultSchema.parse(await ask('POST', eventPath(id, 'retry'))),
    alone: async (sync) => {
      if (await sync.retry(id)) return sync.now();
      throw new AppError('not_found', 'No meter event of this id waits, was refused or was set aside.', seeStatus);
    },
  });
  return tell(result, flags, host);
}

export async function syncSetAside(id: string, flags: SyncFlags, host: Host): Promise<ExitCode> {
  await through(homeOf(flags.home, host), host, {
    engine: (ask) => ask('POST', eventPath(id, 'set-aside')),
    alone: async (sync) => {
      if (await sync.setAside(id)) return;
      const sentence =
        'No meter event of this id can be set aside: only one that was refused, is not sent yet, or that Stripe’s figure cannot explain.';
      throw new AppError('not_found', sentence, seeStatus);
    },
  });
  writeLine(
    host.stdout,
    flags.json ? '{}' : 'It is set aside; `tollkeeper sync status` names the invoice item for it.',
  );
  return 0;
}

function eventPath(id: string, action: string): string {
  return `/api/stripe/events/${encodeURIComponent(id)}/${action}`;
}

function tell(result: SyncResult, flags: SyncFlags, host: Host): ExitCode {
  writeLine(host.stdout, flags.json ? JSON.stringify(result) : result.sentence);
  return result.waiting === 0 ? 0 : 1;
}

type Ways<T> = {
  readonly engine: (ask: EngineClient['ask']) => Promise<T>;
  readonly alone: (sync: Sync) => Promise<T>;
};

export async function through<T>(home: string, host: Host, { engine: ask, alone }: Ways<T>): Promise<T> {
  const engine = connectEngine(home);
  if (engine) return ask(engine.ask);
  if (!existsSync(join(home, ledgerFileName)))
    throw new AppError('not_found', 'There is no ledger in this home folder.', 'Name the folder with --home.');
  return withSyncAlone(home, host, alone);
}

async function withSyncAlone<T>(home: string, host: Host, use: (sync: Sync) => Promise<T>): Promise<T> {
  const { ledger, settings, timeZone } = await openLedgerAlone(home, host, 'sync now');
  const { clock, ids, env } = host;
  const dayOf = createDayOf(timeZone);
  const monthOf = (atMs: number) => monthOfDay(dayOf(atMs));
  const secrets = secretsOf(env);
  const connection = connectionsOf(home, settings, proxiesOf(env)).stripe;
  const parts = { ledger, settings, secrets, connection, clock, ids, log: silentLog };
  const sync = await startSync({ ...parts, isDemo: false, timeZone, monthOf });
  try {
    return await use(sync);
  } finally {
    await sync.close();
    await ledger.close();
  }
}
