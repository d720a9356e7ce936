/** The simulated Stripe on real sockets. The demo bills to it and the tests break it with switches. Its rules stand in stripe-account.ts. */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';

import type { Clock } from '../system/clock.ts';
import { answerJson, startSandboxServer, type SandboxServer } from './http.ts';
import { createStripeAccount, type StripeAccount, type StripeOutcome } from './stripe-account.ts';
import { conflict, type StripeFault, type StripeRules } from './stripe-faults.ts';
import { parseForm, textOf } from './stripe-form.ts';
import { seedAccount, sumOf, type AccountSeed } from './stripe-meter-events.ts';
import { advanceInvoices, subscribe, type SubscriptionSeed } from './stripe-invoices.ts';
import type { SandboxEvent, SandboxInvoice, SandboxInvoiceItem, StripeState } from './stripe-state.ts';

export type SandboxStripe = {
  readonly url: string;
  readonly port: number;
  /** What a customer's meter holds: only events that passed every check. */
  readonly meterSum: (customer: string, eventName: string) => bigint;
  readonly events: () => readonly SandboxEvent[];
  readonly requestCount: () => number;
  readonly readCount: () => number;
  readonly refusedCounts: StripeAccount['refusedCounts'];
  /** Makes a meter and customers by name, as a person would have set them up. */
  readonly seed: (set: AccountSeed) => void;
  /** Makes a subscription that bills a meter; returns its id. */
  readonly subscribe: (seed: SubscriptionSeed) => string;
  readonly invoices: () => readonly SandboxInvoice[];
  readonly invoiceItems: () => readonly SandboxInvoiceItem[];
  /** The next requests for meter events suffer these, one each. */
  readonly breakNext: (...faults: readonly StripeFault[]) => void;
  /** The next requests that write anything else: meters, products, prices, customers. */
  readonly breakNextWrite: (...faults: readonly StripeFault[]) => void;
  /** What the account holds. */
  readonly state: StripeState;
  readonly setRules: (changes: Partial<StripeRules>) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type SandboxStripeOptions = {
  readonly clock: Clock;
  readonly port?: number;
  readonly rules?: Partial<StripeRules>;
  /** One that exists already; `rules` is its own then. */
  readonly account?: StripeAccount;
};

export async function startSandboxStripe({
  clock,
  port = 0,
  rules = {},
  account = createStripeAccount(clock, rules),
}: SandboxStripeOptions): Promise<SandboxStripe> {
  const { state } = account;

  function handle(incoming: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = incoming;
    answer(response, account.handle({ method, path: url, headers, body: body.toString('utf8') }));
  }

  const guarded = handleOneAtATime(account, clock, handle);
  let server: SandboxServer = await startSandboxServer(port, guarded);
  const bound = server.port;

  return {
    url: server.url,
    port: bound,
    meterSum: (customer, eventName) => sumOf(state, eventName, customer, -Infinity, Infinity, Infinity),
    events: () => state.events,
    requestCount: account.requestCount,
    readCount: account.readCount,
    refusedCounts: account.refusedCounts,
    seed: (set) => seedAccount(state, set, account.newId),
    subscribe: (seed) => subscribe(state, seed, account.newId),
    invoices: () => {
      advanceInvoices(state, { nowMs: clock.nowMs(), newId: account.newId, rules: account.rules() });
      return state.invoices;
    },
    invoiceItems: () => state.invoiceItems,
    breakNext: account.breakNext,
    breakNextWrite: account.breakNextWrite,
    state,
    setRules: async (changes) => {
      const wasOffline = account.rules().isOffline;
      account.changeRules(changes);
      const { isOffline } = account.rules();
      if (isOffline && !wasOffline) await server.close();
      if (!isOffline && wasOffline) server = await startSandboxServer(bound, guarded);
    },
    close: () => (account.rules().isOffline ? Promise.resolve() : server.close()),
  };
}

function answer(response: ServerResponse, outcome: StripeOutcome): void {
  if (outcome.kind === 'drop') return void response.destroy();
  const { reply, requestId, cutAfterBytes } = outcome;
  const headers = { 'request-id': requestId, ...reply.headers };
  if (cutAfterBytes === null) return answerJson(response, reply.status, reply.body, headers);
  const body = JSON.stringify(reply.body);
  const head = Object.entries({
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  const lines = [
    `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status]}`,
    ...head.map(([name, value]) => `${name}: ${value}`),
  ];
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`).subarray(0, cutAfterBytes);
  const { socket } = response;
  if (socket === null) return;
  socket.write(bytes, () => socket.destroy());
}

type Handle = (incoming: IncomingMessage, body: Buffer, response: ServerResponse) => void;

/** One request at a time for a (customer, meter): a second one beside it is answered 409 (facts/stripe.md section 1). */
function handleOneAtATime({ state, rules, noteConflict }: StripeAccount, clock: Clock, handle: Handle): Handle {
  return (incoming, body, response) => {
    if (incoming.url !== '/v1/billing/meter_events') return handle(incoming, body, response);
    const form = parseForm(body.toString('utf8'));
    const pair = `${textOf(form, 'payload', 'stripe_customer_id')} ${textOf(form, 'event_name')}`;
    if (state.busy.has(pair)) {
      noteConflict();
      const reply = conflict();
      return answerJson(response, reply.status, reply.body);
    }
    state.busy.add(pair);
    response.on('close', () => state.busy.delete(pair));
    clock.after(rules().handlingMs, () => handle(incoming, body, response));
  };
}
