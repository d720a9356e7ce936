/**
 * `tollkeeper sync [status|now|retry ID]`: the outbox. Status is read from the ledger; sending goes through the running engine, or through an
 * agent of its own when none runs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { syncResultSchema, type SyncResult } from '../../shared/contract/api.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { formatUsd } from '../../shared/money.ts';
import { createDayOf, monthOfDay } from '../../shared/period.ts';
import { sumInWords } from '../../shared/spend-words.ts';
import { readOutbox, type OutboxView } from '../ledger/outbox-read.ts';
import { ledgerFileName } from '../ledger/ledger-file.ts';
import { startSync } from '../sync/start.ts';
import { silentLog } from '../system/log.ts';
import { connectEngine } from './engine-client.ts';
import { connectionsOf } from '../settings/connections.ts';
import { proxiesOf, secretsOf } from '../settings/environment.ts';
import { demoLabel, writeLine, type ExitCode, type Host } from './host.ts';
import { openLedgerAlone } from './ledger-alone.ts';
import { homeOf, openForReading } from './ledger-reader.ts';
import { layOut } from './table.ts';

export type SyncFlags = { readonly home?: string; readonly json?: boolean };

export async function syncStatus(flags: SyncFlags, host: Host): Promise<ExitCode> {
  const ledger = openForReading(homeOf(flags.home, host));
  if (ledger === null) {
    writeLine(
      host.stdout,
      flags.json
        ? JSON.stringify({ waitingEvents: 0, events: [] })
        : 'Nothing waits: there is no ledger in this home folder.',
    );
    return 0;
  }
  const month = monthOfDay(createDayOf(ledger.timeZone)(host.clock.nowMs()));
  const view = readOutbox(ledger.db, { month, nowMs: host.clock.nowMs() });
  ledger.db.close();
  if (flags.json) writeLine(host.stdout, JSON.stringify({ isDemo: ledger.isDemo, ...view }));
  else for (const line of [...(ledger.isDemo ? [demoLabel] : []), ...statusText(view)]) writeLine(host.stdout, line);
  return 0;
}

/** Exit 1 when something still waits after it. */
export async function syncNow(flags: SyncFlags, host: Host): Promise<ExitCode> {
  return tell(await send(flags, host, null), flags, host);
}

export async function syncRetry(id: string, flags: SyncFlags, host: Host): Promise<ExitCode> {
  return tell(await send(flags, host, id), flags, host);
}

function tell(result: SyncResult, flags: SyncFlags, host: Host): ExitCode {
  writeLine(host.stdout, flags.json ? JSON.stringify(result) : result.sentence);
  return result.waiting === 0 ? 0 : 1;
}

async function send(flags: SyncFlags, host: Host, retryId: string | null): Promise<SyncResult> {
  const home = homeOf(flags.home, host);
  const engine = connectEngine(home);
  const path = retryId === null ? '/api/stripe/sync' : `/api/stripe/events/${encodeURIComponent(retryId)}/retry`;
  if (engine) return syncResultSchema.parse(await engine.ask('POST', path));
  if (!existsSync(join(home, ledgerFileName)))
    throw new AppError('not_found', 'There is no ledger in this home folder.', 'Name the folder with --home.');
  return sendAlone(home, host, retryId);
}

async function sendAlone(home: string, host: Host, retryId: string | null): Promise<SyncResult> {
  const { ledger, settings, timeZone } = await openLedgerAlone(home, host, 'sync now');
  const { clock, ids, env } = host;
  const dayOf = createDayOf(timeZone);
  const monthOf = (atMs: number) => monthOfDay(dayOf(atMs));
  const secrets = secretsOf(env);
  const connection = connectionsOf(home, settings, proxiesOf(env)).stripe;
  const parts = { ledger, settings, secrets, connection, clock, ids, log: silentLog };
  const sync = await startSync({ ...parts, isDemo: false, monthOf });
  try {
    if (retryId !== null && !(await sync.retry(retryId))) {
      throw new AppError(
        'not_found',
        'No meter event of this id waits or was refused.',
        'See `tollkeeper sync status` for the ids.',
      );
    }
    return await sync.now();
  } finally {
    await sync.close();
    await ledger.close();
  }
}

function statusText(view: OutboxView): string[] {
  const { waitingEvents, acceptedEvents, acceptedNanoUsd, rejectedEvents, openNanoUsd } = view;
  const waiting = `${counted(waitingEvents, 'meter event waits', 'meter events wait')}, worth ${formatUsd(view.waitingNanoUsd, 6)}`;
  return [
    `${waiting}; ${formatUsd(openNanoUsd, 6)} more is in minutes that are not sealed yet.`,
    `${acceptedEvents.toLocaleString('en-US')} delivered, worth ${formatUsd(acceptedNanoUsd, 6)}; ${rejectedEvents} refused.`,
    ...notBilledText(view),
    ...eventsText(view),
    ...differencesText(view.differences),
  ];
}

/** What is in no meter event. */
function notBilledText({ unpriced, unmapped }: OutboxView): string[] {
  const calls = (count: number) => counted(count, 'call', 'calls');
  const one = unmapped.calls === 1;
  return [
    ...(unpriced.calls > 0
      ? [
          `${calls(unpriced.calls)} of ${counted(unpriced.customers, 'customer', 'customers')} unpriced, in no meter event until they have a price: \`tollkeeper report\` says why.`,
        ]
      : []),
    ...(unmapped.calls > 0
      ? [
          `${calls(unmapped.calls)} of this month (${sumInWords(unmapped)}) ${one ? 'has' : 'have'} no customer and ${one ? 'is' : 'are'} billed to nobody.`,
        ]
      : []),
  ];
}

function eventsText({ events }: OutboxView): string[] {
  const rows = events
    .filter((event) => event.state !== 'accepted')
    .map((event) => [
      event.id,
      event.customer,
      minuteText(event.minuteMs),
      formatUsd(event.value * 1_000, 6),
      event.state,
      event.lastAnswer ?? '–',
    ]);
  const columns = ['event', 'customer', 'minute (UTC)', 'worth', 'state', 'last answer'];
  if (rows.length === 0) return [];
  return [
    '',
    ...layOut(
      columns.map((title) => ({ title, align: title === 'worth' ? 'right' : 'left' })),
      rows,
    ),
  ];
}

/** Calls that were corrected after Stripe had been told of them. */
function differencesText({ calls, nanoUsd, rows }: OutboxView['differences']): string[] {
  if (calls === 0) return [];
  const columns = ['call', 'customer', 'minute (UTC)', 'sent', 'due', 'difference'];
  const cells = rows.map(({ callId, customer, minuteMs, sentNanoUsd, dueNanoUsd }) => [
    callId,
    customer,
    minuteText(minuteMs),
    formatUsd(sentNanoUsd, 6),
    formatUsd(dueNanoUsd, 6),
    formatUsd(dueNanoUsd - sentNanoUsd, 6),
  ]);
  return [
    '',
    `${counted(calls, 'call was', 'calls were')} corrected after Stripe had been told: ${formatUsd(nanoUsd, 6)} to settle by an invoice item or a credit in Stripe${rows.length < calls ? `; the newest ${rows.length} are listed` : ''}.`,
    ...layOut(
      columns.map((title, index) => ({ title, align: index < 3 ? 'left' : 'right' })),
      cells,
    ),
  ];
}

function minuteText(minuteMs: number): string {
  return new Date(minuteMs).toISOString().slice(0, 16);
}

function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}
