/**
 * What a Stripe key opens: the client of the SDK behind the gate that knows whose account it is. Nothing of it is to be had before the gate is open.
 * The SDK is some two hundred files: this file, and with it the SDK, is loaded only where there is a key.
 */
import type { StripeMode } from '../../shared/stripe-binding.ts';
import type { Ledger } from '../ledger/open.ts';
import type { ReadKind } from '../ledger/stripe-reads.ts';
import type { Clock } from '../system/clock.ts';
import { openAccountGate, type AccountGate } from './account-gate.ts';
import { createAdjustments } from './adjustments.ts';
import type { StripeSide } from './agent.ts';
import { createInvoiceItems } from './invoice-items.ts';
import { createMonthReader } from './month-reader.ts';
import type { Probe } from './probe.ts';
import { createReadings } from './readings.ts';
import { adjustmentStore, itemStore, monthStore, readingStore } from './side-stores.ts';
import { askAccount } from './stripe-account.ts';
import { createStripeCancel } from './stripe-cancel.ts';
import { createStripeClient, type StripeClient, type StripeConnection } from './stripe-client.ts';
import { createStripeInvoices } from './stripe-invoices.ts';
import { createStripeReader } from './stripe-reader.ts';
import { openRoads } from './stripe-roads.ts';

export type StripeAccess = {
  readonly gate: AccountGate;
  /** Null until it is certain whose account the key is of. */
  readonly side: () => StripeSide | null;
  /** For set-up and customers; only while the gate is open. */
  readonly client: StripeClient;
};

/** A Stripe that may be spoken to, or why not. */
export type OpenedStripe =
  | { readonly kind: 'open'; readonly client: StripeClient; readonly accountId: string; readonly mode: StripeMode }
  | { readonly kind: 'closed'; readonly sentence: string; readonly remedy: string };

export type StripeAccessOptions = {
  readonly apiKey: string;
  readonly apiBase: string;
  /** The setting `stripeStream`. */
  readonly hasStream: boolean;
  readonly connection: StripeConnection;
  readonly ledger: Pick<Ledger, 'read' | 'write'>;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly fraction: () => number;
  readonly onOpen: () => void;
  readonly onTrouble: (error: unknown) => void;
};

export function openStripeAccess(options: StripeAccessOptions): StripeAccess {
  const { apiKey, apiBase, connection, ledger, clock } = options;
  const client = createStripeClient({ apiKey, apiBase, ...connection });
  const allow = (kind: ReadKind) => ledger.write('allowRead', { kind, nowMs: clock.nowMs() });
  const side = openSide(client, allow, options);
  const gate = openAccountGate({
    ...options,
    askAccount: async () => {
      const answer = await askAccount(client);
      // A question that never left this machine is no read.
      if (answer.kind !== 'not_connected') await allow('account');
      return answer;
    },
    bound: () => ledger.read('stripeBinding', null),
    bind: (contact) => ledger.write('bindAccount', contact),
  });
  return { gate, client, side: () => (gate.state().kind === 'open' ? side : null) };
}

type Allow = (kind: ReadKind) => Promise<boolean>;

/** All that speaks to Stripe for the outbox and what follows from it. */
function openSide(client: StripeClient, allow: Allow, options: StripeAccessOptions): StripeSide {
  const { apiKey, hasStream, ledger, probe, clock, fraction } = options;
  const reader = {
    ...createStripeReader(client, allow, clock.nowMs),
    ...createStripeInvoices(client, allow, clock.nowMs),
  };
  const items = createInvoiceItems({ store: itemStore(ledger), stripe: reader, clock });
  return {
    roads: openRoads({ client, apiKey, hasStream, clock }),
    adjustments: createAdjustments({
      store: adjustmentStore(ledger),
      stripe: createStripeCancel(client),
      clock,
      fraction,
    }),
    readings: createReadings({ store: readingStore(ledger), reader, items, probe, clock }),
    items,
    months: createMonthReader({ store: monthStore(ledger), reader, probe, clock }),
  };
}
