/** Connects the sync agent to the ledger and to Stripe, and answers for both what the screens and the CLI ask. */
import type { MeterEventDetail, StripeSummary, StripeView, SyncResult } from '../../shared/contract/api.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import type { Ledger } from '../ledger/open.ts';
import type { OutboxSummary } from '../ledger/outbox-read.ts';
import type { Clock } from '../system/clock.ts';
import type { Ids } from '../system/ids.ts';
import { errorText } from '../system/error-text.ts';
import type { Log } from '../system/log.ts';
import { startSyncAgent, type OutboxStore, type StripeSide } from './agent.ts';
import { createProbe, type Probe } from './probe.ts';
import { createReadings, type ReadingStore } from './readings.ts';
import type { StripeConnection } from './stripe-client.ts';

export type Sync = {
  /** As of the agent's last change; no wait, so that the live picture can carry it. */
  readonly summary: () => StripeSummary;
  readonly view: () => Promise<StripeView>;
  readonly now: () => Promise<SyncResult>;
  readonly event: (id: string) => Promise<MeterEventDetail | null>;
  /** False when nothing of this id waits, was refused or was set aside. */
  readonly retry: (id: string) => Promise<boolean>;
  /** False when nothing of this id may be set aside. */
  readonly setAside: (id: string) => Promise<boolean>;
  /** What was set aside of a customer is billed by an invoice item; false when it is not this sum. */
  readonly carryForward: (customer: string, nanoUsd: number) => Promise<boolean>;
  /** The network is back. */
  readonly online: () => void;
  /** Another key, from the next meter event on; null: nothing is sent until there is one again. */
  readonly useApiKey: (apiKey: string | null) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type SyncOptions = {
  readonly ledger: Pick<Ledger, 'read' | 'write' | 'writer'>;
  readonly settings: Pick<Settings, 'stripeApiBase'>;
  readonly secrets: { readonly stripeApiKey: string | null };
  readonly connection: StripeConnection;
  readonly isDemo: boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** The month of an instant in the ledger's time zone. */
  readonly monthOf: (atMs: number) => string;
};

export async function startSync(options: SyncOptions): Promise<Sync> {
  const { ledger, settings, clock, ids } = options;
  const log = options.log.room('sync');
  let apiKey = options.secrets.stripeApiKey;
  const probe = createProbe({ apiBase: settings.stripeApiBase, proxyUrl: options.connection.proxyUrl });
  let stripe = await openStripe(apiKey, probe, options);
  let outbox: OutboxSummary = await ledger.read('outboxSummary', null);

  async function refresh(): Promise<void> {
    outbox = await ledger.read('outboxSummary', null);
  }

  const onTrouble = (error: unknown) =>
    log.error('the sync agent failed; it tries again', { reason: errorText(error) });
  const agent = startSyncAgent({
    outbox: outboxStore(ledger),
    stripe: () => stripe,
    probe,
    clock,
    fraction: ids.fraction,
    onChange: () => void refresh().catch(onTrouble),
    onTrouble,
  });

  function summary(): StripeSummary {
    const { state, sinceMs, lastAnswer } = agent.status();
    return { state, mode: modeOf(apiKey, options.isDemo), ...outbox, since: sinceMs, lastAnswer };
  }

  return {
    summary,
    view: async () => {
      const nowMs = clock.nowMs();
      const view = await ledger.read('outbox', { month: options.monthOf(nowMs), nowMs });
      const { readTrouble } = agent.status();
      return { ...summary(), ...view, readTrouble };
    },
    now: async () => {
      const result = await agent.syncNow();
      await refresh();
      return result;
    },
    event: (id) => ledger.read('meterEvent', id),
    retry: (id) => ledger.write('retryEvent', { id, nowMs: clock.nowMs() }),
    setAside: (id) => ledger.write('setAsideEvent', { id, nowMs: clock.nowMs() }),
    carryForward: (customer, nanoUsd) => ledger.write('carryForward', { customer, nanoUsd, nowMs: clock.nowMs() }),
    online: agent.online,
    useApiKey: async (next) => {
      if (next === apiKey) return;
      apiKey = next;
      const opened = await openStripe(next, probe, options);
      // A later key may have come meanwhile.
      if (next !== apiKey) return;
      stripe = opened;
      agent.renew();
    },
    close: agent.close,
  };
}

/** The SDK is some two hundred files: whoever bills nobody does not load it. */
async function openStripe(
  apiKey: string | null,
  probe: Probe,
  { settings, connection, ledger, clock }: SyncOptions,
): Promise<StripeSide | null> {
  if (apiKey === null) return null;
  const [{ createStripeMeter }, { createStripeReader }, { createStripeClient }] = await Promise.all([
    import('./stripe.ts'),
    import('./stripe-reader.ts'),
    import('./stripe-client.ts'),
  ]);
  const client = createStripeClient({ apiKey, apiBase: settings.stripeApiBase, ...connection });
  const reader = createStripeReader(client, (kind) => ledger.write('allowRead', { kind, nowMs: clock.nowMs() }));
  const readings = createReadings({ store: readingStore(ledger), reader, probe, clock });
  return { meter: createStripeMeter(client), readings };
}

function readingStore({ write }: SyncOptions['ledger']): ReadingStore {
  return {
    reportsReadMs: () => write('reportsReadMs', null),
    recordReports: (read) => write('recordReports', read),
    heldMinutes: (nowMs, limit) => write('heldMinutes', { nowMs, limit }),
    recordMinute: (reading) => write('recordMinute', reading),
    daysToCompare: (nowMs, limit) => write('daysToCompare', { nowMs, limit }),
    recordDays: (read) => write('recordDays', read),
  };
}

function outboxStore({ read, write, writer }: SyncOptions['ledger']): OutboxStore {
  return {
    seal: (nowMs) => write('sealClosedMinutes', { nowMs, onTheirWay: writer.onTheirWay() }),
    take: (nowMs, limit) => write('takeDueEvents', { nowMs, limit }),
    record: (answer) => write('recordAnswer', answer),
    wake: (nowMs) => write('wakeOutbox', { nowMs }),
    waiting: async () => (await read('outboxSummary', null)).waitingEvents,
  };
}

/** Test and live keys are told apart by their prefix (sk_test_, rk_live_…). */
function modeOf(apiKey: string | null, isDemo: boolean): StripeSummary['mode'] {
  if (apiKey === null) return 'off';
  if (isDemo) return 'demo';
  return /^[sr]k_live_/.test(apiKey) ? 'live' : 'test';
}
