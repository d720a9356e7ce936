/** Connects the sync agent to the ledger and to Stripe, and answers for both what the screens and the CLI ask. */
import type { MeterEventDetail, StripeSummary, StripeView, SyncResult } from '../../shared/contract/api.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import { modeOfKey } from '../../shared/stripe-binding.ts';
import type { Ledger } from '../ledger/open.ts';
import type { OutboxSummary } from '../ledger/outbox-read.ts';
import type { Clock } from '../system/clock.ts';
import type { Ids } from '../system/ids.ts';
import { errorText } from '../system/error-text.ts';
import type { Log } from '../system/log.ts';
import type { GateState } from './account-gate.ts';
import type { AgentStatus } from './agent-status.ts';
import { startSyncAgent, type OutboxStore } from './agent.ts';
import { createProbe } from './probe.ts';
import type { OpenedStripe, StripeAccess, StripeAccessOptions } from './stripe-access.ts';
import { streamSentenceOf } from './roads.ts';
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
  readonly settings: Pick<Settings, 'stripeApiBase' | 'stripeStream'>;
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

  function summary(): StripeSummary {
    const { state, sinceMs, lastAnswer } = statusBehind(access?.gate.state() ?? null, agent.status());
    return { state, mode: modeOf(apiKey, options.isDemo), ...outbox, since: sinceMs, lastAnswer };
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
    retry: (id) => ledger.write('retryEvent', { id, nowMs: clock.nowMs() }),
    setAside: (id) => ledger.write('setAsideEvent', { id, nowMs: clock.nowMs() }),
    carryForward: (customer, nanoUsd) => ledger.write('carryForward', { customer, nanoUsd, nowMs: clock.nowMs() }),
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

const noKey = {
  sentence: 'No Stripe key is set.',
  remedy:
    'Set STRIPE_API_KEY, or enter the key on the Keys screen of the desktop app; docs/stripe.md says what it must be allowed.',
};

function openedBy(state: GateState, client: StripeAccess['client']): OpenedStripe {
  switch (state.kind) {
    case 'open':
      return { kind: 'open', client, accountId: state.accountId, mode: state.mode };
    case 'refused':
      return { kind: 'closed', sentence: state.sentence, remedy: state.remedy };
    case 'offline':
      return {
        kind: 'closed',
        sentence: `Stripe cannot be reached now. ${state.sentence}`,
        remedy: 'Try again when it can.',
      };
    case 'asking':
      return { kind: 'closed', sentence: 'Stripe has not been asked yet.', remedy: 'Try again in a moment.' };
  }
}

/** Before the gate is open the agent knows nothing of Stripe: what the gate knows is shown in its place. */
function statusBehind(gate: GateState | null, status: AgentStatus): AgentStatus {
  switch (gate?.kind) {
    case undefined:
    case 'open':
      return status;
    case 'asking':
      return { ...status, state: 'ok' };
    case 'offline':
      return {
        ...status,
        state: 'offline',
        sinceMs: gate.atMs,
        lastAnswer: { atMs: gate.atMs, sentence: gate.sentence },
      };
    case 'refused': {
      const sentence = `${gate.sentence} ${gate.remedy}`;
      return { ...status, state: 'failing', sinceMs: gate.atMs, lastAnswer: { atMs: gate.atMs, sentence } };
    }
  }
}

/** Whose account it went to, or why nothing did. */
function sentenceBehind(gate: GateState, { sentence, waiting }: SyncResult, isDemo: boolean): string {
  const nothing = `0 meter events delivered, ${waiting} wait.`;
  switch (gate.kind) {
    case 'open':
      return `In the ${isDemo ? 'simulated' : gate.mode} account ${gate.accountId}: ${sentence}`;
    case 'refused':
      return `${nothing} ${gate.sentence} ${gate.remedy}`;
    case 'offline':
      return `${nothing} ${gate.sentence}`;
    case 'asking':
      return nothing;
  }
}

function outboxStore({ read, write, writer }: SyncOptions['ledger']): OutboxStore {
  return {
    seal: (nowMs) => write('sealClosedMinutes', { nowMs, onTheirWay: writer.onTheirWay() }),
    turn: (turn) => write('turnOutbox', turn),
    wake: (nowMs) => write('wakeOutbox', { nowMs }),
    waiting: async () => (await read('outboxSummary', null)).waitingEvents,
  };
}

/** Test and live keys are told apart by their own text (sk_test_, rk_live_…). */
function modeOf(apiKey: string | null, isDemo: boolean): StripeSummary['mode'] {
  if (apiKey === null) return 'off';
  return isDemo ? 'demo' : (modeOfKey(apiKey) ?? 'test');
}
