/** Connects the sync agent to the ledger and to Stripe, and answers for both what the screens and the CLI ask. */
import type { MeterEventDetail, StripeSummary, StripeView, SyncResult } from '../../shared/contract/api.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import { createDayOf } from '../../shared/period.ts';
import { modeOfKey } from '../../shared/stripe-binding.ts';
import type { Ledger } from '../ledger/open.ts';
import type { OutboxSummary } from '../ledger/outbox-read.ts';
import type { Clock } from '../system/clock.ts';
import type { Ids } from '../system/ids.ts';
import { errorText } from '../system/error-text.ts';
import type { Log } from '../system/log.ts';
import type { AgentStatus } from './agent-status.ts';
import { startSyncAgent, type OutboxStore } from './agent.ts';
import { noKey, openedBy, sentenceBehind, statusBehind } from './gate-words.ts';
import { startLeavingWatch } from './leaving-watch.ts';
import { answerOnDemand, type OnDemand } from './on-demand.ts';
import { createProbe } from './probe.ts';
import type { OpenedStripe, StripeAccess, StripeAccessOptions } from './stripe-access.ts';
import { streamSentenceOf } from './roads.ts';
import type { StripeConnection } from './stripe-client.ts';

export type Sync = OnDemand & {
  /** As of the agent's last change; no wait, so that the live picture can carry it. */
  readonly summary: () => StripeSummary;
  readonly view: () => Promise<StripeView>;
  readonly now: () => Promise<SyncResult>;
  readonly event: (id: string) => Promise<MeterEventDetail | null>;
  /** The network is back. */
  readonly online: () => void;
  /** Another key, from the next meter event on; null: nothing is sent until there is one again. */
  readonly useApiKey: (apiKey: string | null) => Promise<void>;
  /** The account for set-up and customers, once it is certain whose it is; asks Stripe where it is not. */
  readonly stripe: () => Promise<OpenedStripe>;
  /** The same as it is known, without asking. */
  readonly stripeAsKnown: () => OpenedStripe;
  /** The ledger's account was given up: the key's own is bound anew. */
  readonly askAccountAnew: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type SyncOptions = {
  readonly ledger: Pick<Ledger, 'read' | 'write' | 'writer'>;
  readonly settings: Pick<Settings, 'stripeApiBase' | 'stripeStream' | 'adjustSentEvents'>;
  readonly secrets: { readonly stripeApiKey: string | null };
  readonly connection: StripeConnection;
  readonly isDemo: boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly timeZone: string;
  /** One sentence, for whoever watches this host. */
  readonly onNotice?: (sentence: string) => void;
  /** The month of an instant in the ledger's time zone. */
  readonly monthOf: (atMs: number) => string;
};

export async function startSync(options: SyncOptions): Promise<Sync> {
  const { ledger, settings, clock, ids } = options;
  const log = options.log.room('sync');
  let apiKey = options.secrets.stripeApiKey;
  const probe = createProbe({ apiBase: settings.stripeApiBase, proxyUrl: options.connection.proxyUrl });
  await ledger.write('setAdjusts', settings.adjustSentEvents);
  let outbox: OutboxSummary = await ledger.read('outboxSummary', null);

  async function refresh(): Promise<void> {
    outbox = await ledger.read('outboxSummary', null);
  }

  const onTrouble = (error: unknown) =>
    log.error('the sync agent failed; it tries again', { reason: errorText(error) });
  const accessOptions = {
    apiBase: settings.stripeApiBase,
    hasStream: settings.stripeStream,
    connection: options.connection,
    ledger,
    probe,
    clock,
    fraction: ids.fraction,
    onOpen: () => agent.renew(),
    onTrouble,
  };
  let access = await openAccess(apiKey, accessOptions);
  const agent = startSyncAgent({
    outbox: outboxStore(ledger),
    stripe: () => access?.side() ?? null,
    probe,
    clock,
    fraction: ids.fraction,
    onChange: () => void refresh().catch(onTrouble),
    onTrouble,
  });

  const status = (): AgentStatus => statusBehind(access?.gate.state() ?? null, agent.status());
  const watch = await startLeavingWatch({
    ledger,
    // With the reads used up what is older waits too, however well the minutes of now are sent.
    state: () => (agent.status().readTrouble === null || status().state !== 'ok' ? status().state : 'failing'),
    dayOf: createDayOf(options.timeZone),
    clock,
    onNotice: (sentence) => {
      log.warn('something leaves its invoice', { sentence });
      options.onNotice?.(sentence);
    },
    onTrouble,
  });

  function summary(): StripeSummary {
    const { state, sinceMs, lastAnswer } = status();
    const warnings = [...watch.warnings()];
    return { state, mode: modeOf(apiKey, options.isDemo), ...outbox, since: sinceMs, lastAnswer, warnings };
  }
  void access?.gate.ask().catch(onTrouble);

  return {
    summary,
    view: async () => {
      const nowMs = clock.nowMs();
      const view = await ledger.read('outbox', { month: options.monthOf(nowMs), nowMs });
      const { readTrouble } = agent.status();
      const streamSentence = streamSentenceOf(settings.stripeStream, apiKey);
      return { ...summary(), ...view, readTrouble, streamSentence };
    },
    now: async () => {
      const gate = await access?.gate.ask();
      const result = await agent.syncNow();
      await refresh();
      return gate === undefined ? result : { ...result, sentence: sentenceBehind(gate, result, options.isDemo) };
    },
    event: (id) => ledger.read('meterEvent', id),
    ...answerOnDemand({ ledger, clock, timeZone: options.timeZone, access: () => access }),
    online: () => {
      access?.gate.expect();
      agent.online();
    },
    useApiKey: async (next) => {
      if (next === apiKey) return;
      apiKey = next;
      const opened = await openAccess(next, accessOptions);
      // A later key may have come meanwhile.
      if (next !== apiKey) return;
      access?.gate.close();
      access = opened;
      agent.renew();
      void opened?.gate.ask().catch(onTrouble);
    },
    stripe: async () => {
      if (access === null) return { kind: 'closed', ...noKey };
      const { client } = access;
      return openedBy(await access.gate.ask(), client);
    },
    stripeAsKnown: () =>
      access === null ? { kind: 'closed', ...noKey } : openedBy(access.gate.state(), access.client),
    askAccountAnew: async () => {
      await access?.gate.askAnew();
    },
    close: async () => {
      watch.close();
      access?.gate.close();
      await agent.close();
    },
  };
}

/** The SDK is some two hundred files: whoever bills nobody does not load it. */
async function openAccess(
  apiKey: string | null,
  options: Omit<StripeAccessOptions, 'apiKey'>,
): Promise<StripeAccess | null> {
  if (apiKey === null) return null;
  const { openStripeAccess } = await import('./stripe-access.ts');
  return openStripeAccess({ ...options, apiKey });
}

function outboxStore({ read, write, writer }: SyncOptions['ledger']): OutboxStore {
  return {
    seal: (nowMs) => write('sealClosedMinutes', { nowMs, onTheirWay: writer.onTheirWay() }),
    turn: (turn) => write('turnOutbox', { ...turn, readsInvoices: true }),
    wake: (nowMs) => write('wakeOutbox', { nowMs }),
    waiting: async () => (await read('outboxSummary', null)).waitingEvents,
  };
}

/** Test and live keys are told apart by their own text (sk_test_, rk_live_…). */
function modeOf(apiKey: string | null, isDemo: boolean): StripeSummary['mode'] {
  if (apiKey === null) return 'off';
  return isDemo ? 'demo' : (modeOfKey(apiKey) ?? 'test');
}
