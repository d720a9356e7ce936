/**
 * The outbox against the simulated Stripe in one process on a driven clock: a real ledger file, the real agent, the real SDK over a fetch that asks
 * the account without sockets. Weeks pass in milliseconds; a kill is an agent that is left where it stands, and its file opened again.
 */
import { Stripe } from 'stripe';

import type { BegunCall } from '../../shared/call.ts';
import { planKinds, planSchema, type Plan } from '../../shared/contract/plan.ts';
import { mayFollow, type MeterEventState } from '../../shared/meter-event-states.ts';
import { carryForward, readCarryForward } from '../../main/ledger/carry-forwards.ts';
import { readCustomerMonth } from '../../main/ledger/read-customer-month.ts';
import { createInvoiceItems, type InvoiceItems } from '../../main/sync/invoice-items.ts';
import { createMonthReader, type MonthReader } from '../../main/sync/month-reader.ts';
import type { ItemOutcome } from '../../shared/contract/invoice-items.ts';
import type { CustomerMonth } from '../../shared/contract/stripe-month.ts';
import { metersOf } from '../../shared/plan-meters.ts';
import { readOutbox, type OutboxView } from '../../main/ledger/outbox-read.ts';
import { releaseSending } from '../../main/ledger/outbox.ts';
import { allowRead, type ReadKind } from '../../main/ledger/stripe-reads.ts';
import { createAdjustments } from '../../main/sync/adjustments.ts';
import { createStripeCancel } from '../../main/sync/stripe-cancel.ts';
import { createStripeInvoices } from '../../main/sync/stripe-invoices.ts';
import { createStripeAccount, type StripeAccount, type StripeOutcome } from '../../main/sandbox/stripe-account.ts';
import type { StripeFault, StripeRules } from '../../main/sandbox/stripe-faults.ts';
import { seedAccount, sumOf } from '../../main/sandbox/stripe-meter-events.ts';
import { startSyncAgent, type SyncAgent } from '../../main/sync/agent.ts';
import { askedOnce } from '../../main/sync/stripe-asked-once.ts';
import { createReadings } from '../../main/sync/readings.ts';
import { createPace } from '../../main/sync/pace.ts';
import type { Roads } from '../../main/sync/roads.ts';
import { createStripeReader } from '../../main/sync/stripe-reader.ts';
import { createStripeStream, streamEventsMax } from '../../main/sync/stripe-stream.ts';
import { createStripeMeter } from '../../main/sync/stripe.ts';
import type { Clock } from '../../main/system/clock.ts';
import type { Db } from '../../main/system/db.ts';
import { begunCall } from './call-rows.ts';
import { correctCall, type CallChange } from './correct-call.ts';
import { createDrivenClock, type DrivenClock } from './driven-clock.ts';
import { openLedgerDb, type LedgerDb } from './ledger-db.ts';
import { adjustmentStore, itemStore, monthStore, outboxStore, readingStore, type KillMoment } from './world-stores.ts';

export type { KillMoment } from './world-stores.ts';

export const worldMeter = 'tollkeeper_cost_micro_usd';
/** Of every kind of plan; its calls are all of one model. */
export const worldMeters: readonly string[] = planKinds.flatMap((kind) =>
  metersOf(planSchema.parse({ kind }), ['claude-sonnet-5-5']).map(({ eventName }) => eventName),
);
export const worldStartMs = Date.parse('2026-11-02T00:00:00Z');

export type EventRow = {
  readonly id: string;
  readonly identifier: string;
  readonly state: string;
  readonly value: number;
  readonly customer: string;
  readonly minuteMs: number;
  readonly lastAnswer: string | null;
};

export type OutboxWorld = {
  readonly clock: DrivenClock;
  readonly stripe: StripeAccount;
  readonly ledger: LedgerDb;
  readonly db: Db;
  /** A call that cost a little more than a whole number of micro-dollars. Gives back its id. */
  readonly call: (more?: Partial<BegunCall>) => string;
  /** The same for several, in one transaction. */
  readonly calls: (all: readonly Partial<BegunCall>[]) => string[];
  /** As pricing again and assigning do. */
  readonly correct: (id: string, change: CallChange) => void;
  readonly sync: () => Promise<void>;
  /** Kills the agent at the next moment of this kind; the sync that is under way then ends. */
  readonly killAt: (moment: KillMoment) => void;
  /** After a kill, or at any time: a new agent over the same file. */
  readonly restart: () => void;
  readonly isKilled: () => boolean;
  readonly events: () => EventRow[];
  /** The ids of the events in these states; a question to an index, not to every event. */
  readonly idsIn: (...states: readonly MeterEventState[]) => string[];
  readonly view: () => OutboxView;
  /** Moves of events from state to state that the states do not allow, since the last look. */
  readonly wrongMoves: () => string[];
  /** Requests that held a customer and meter beside another that held the same. */
  readonly overlaps: () => number;
  /** Of every meter of every plan that the world knows, in its own unit. */
  readonly sums: (customer: string, meter?: string) => { readonly stripe: bigint; readonly here: bigint };
  /** Makes what is proposed of a customer an invoice item. */
  readonly createItem: (customer: string) => Promise<ItemOutcome>;
  readonly month: (customer: string, month: string) => CustomerMonth;
  /** Why Stripe could not be read; null when it was. */
  readonly readMonth: (customer: string, month: string) => Promise<string | null>;
  /** What the agent says of what it could not read by itself. */
  readonly readTrouble: () => string | null;
  readonly close: () => void;
};

export type WorldOptions = {
  readonly customers: readonly string[];
  readonly rules?: Partial<StripeRules>;
  readonly fraction?: () => number;
  /** In force from the beginning; cost when left out. */
  readonly plan?: Plan;
  /** Always the same when left out, so that a seed gives the same identifiers. */
  readonly ledgerId?: string;
  /** What becomes of each request that sends, before the account's own faults. */
  readonly network?: () => 'through' | StripeFault;
  /** How many turns of the event loop an answer takes, so that others are under way beside it; at once when left out. */
  readonly answerTurns?: () => number;
  /** What has never been sent goes by the hundred. */
  readonly hasStream?: boolean;
  /** Told of every request that leaves: its method and path. */
  readonly tell?: (request: string) => void;
  /** How a request gets to the account; in this process when left out. */
  readonly fetch?: (account: StripeAccount, clock: Clock) => WorldFetch;
};

/** A request as it leaves, and the account's answer as a fetch gives it. */
export type WorldFetch = (url: URL, init: RequestInit) => Promise<Response>;

/**
 * Every statement is prepared once, by its text: the weeks of a round ask the same few hundred a million times. The ledger asks each text for the same kind of
 * rows wherever it does, so that what one asker said of plucking holds for the next. A parameter behind a plus is one that SQLite does not plan by: it would
 * plan a statement anew whenever another value is bound, which is a fifth of a round.
 */
function keepStatements(db: Db): void {
  const prepare = db.prepare.bind(db);
  const known = new Map<string, ReturnType<typeof prepare>>();
  db.prepare = ((source: string) => {
    const statement = known.get(source) ?? prepare(source.replaceAll(/(=|LIMIT) (?=[?@])/g, '$1 +'));
    known.set(source, statement);
    return statement;
  }) as typeof db.prepare;
}

/**
 * Weeks of transactions, by one connection alone. A kill of this world is thrown in the process, and what its transaction did is rolled back from memory; no
 * power is lost, so nothing waits for the disk. That the disk keeps what is committed is tested elsewhere.
 */
function keepInMemory(db: Db): void {
  db.pragma('synchronous = OFF');
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = MEMORY');
  db.pragma('temp_store = MEMORY');
  db.pragma('cache_size = -65536');
}

export function openOutboxWorld(options: WorldOptions): OutboxWorld {
  const { customers, rules = {}, fraction = () => 0.5, plan, hasStream = false } = options;
  const clock = createDrivenClock(worldStartMs);
  const stripe = createStripeAccount(clock, { requestsPerSecond: 1e9, ...rules });
  for (const eventName of worldMeters) seedAccount(stripe.state, { eventName, customers }, stripe.newId);
  const ledger = openLedgerDb(undefined, plan, options.ledgerId);
  const { db } = ledger;
  keepInMemory(db);
  keepStatements(db);
  const wrongMoves = watchMoves(db);
  let calls = 0;
  let killMoment: KillMoment | null = null;
  let killed = false;
  const underWay = watchPairs();
  /** Requests that have left and have no answer yet. */
  const onTheirWay = new Set<Promise<unknown>>();
  let generation = 0;
  let items: InvoiceItems;
  let months: MonthReader;
  let agent: SyncAgent = startAgent();

  function die(moment: KillMoment): void {
    if (killed) throw new Killed();
    if (killMoment !== moment) return;
    killMoment = null;
    killed = true;
    throw new Killed();
  }

  function nextCall(more: Partial<BegunCall>) {
    const begun = begunCall(`call_${(calls += 1)}`, { startedAtMs: clock.nowMs(), ...more });
    return { begun, usage: { input_tokens: 1_000 + (calls % 97), output_tokens: 7, cache_read_input_tokens: 3 } };
  }

  const through = (options.fetch ?? askInProcess)(stripe, clock);
  function ask(url: URL, init: RequestInit, isLost: () => boolean): Promise<Response> {
    if (stripe.rules().isOffline)
      return Promise.reject(Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' }));
    const fault = init.method === 'POST' ? (options.network?.() ?? 'through') : 'through';
    if (fault !== 'through') stripe.breakNext(fault);
    options.tell?.(`${init.method} ${url.pathname}`);
    return underWay.watch(url, init, async () => {
      for (let turns = options.answerTurns?.() ?? 0; turns > 0; turns--) await new Promise(setImmediate);
      if (isLost()) throw new Killed();
      const answer = through(url, init);
      onTheirWay.add(answer);
      return answer.finally(() => onTheirWay.delete(answer));
    });
  }

  function startAgent(): SyncAgent {
    const own = (generation += 1);
    // What a dead agent still had on its way does nothing any more.
    const dieHere = (moment: KillMoment) => {
      if (own !== generation) throw new Killed();
      die(moment);
    };
    const client = new Stripe('sk_live_world', {
      maxNetworkRetries: 0,
      telemetry: false,
      httpClient: askedOnce(
        Stripe.createFetchHttpClient((input: RequestInfo | URL, init?: RequestInit) => {
          dieHere('before_send');
          // What is about to leave when its process dies is lost with it.
          const isLost = () => own !== generation;
          return ask(new URL(input instanceof Request ? input.url : input), init ?? {}, isLost);
        }),
      ),
    });
    const agentClock = agentClockOf(clock);
    const pace = () => createPace({ perSecond: 1_000_000, underWayMax: 8 }, agentClock);
    const roads: Roads = {
      single: { pace: pace(), batchMax: 1, send: createStripeMeter(client) },
      stream: hasStream
        ? { pace: pace(), batchMax: streamEventsMax, send: createStripeStream(client, agentClock) }
        : null,
    };
    const isReachable = () => Promise.resolve(!stripe.rules().isOffline);
    const allow = (kind: ReadKind) => Promise.resolve(allowRead(db, { kind, nowMs: clock.nowMs() }));
    const invoices = createStripeInvoices(client, allow, clock.nowMs);
    const reader = { ...createStripeReader(client, allow, clock.nowMs), ...invoices };
    items = createInvoiceItems({ store: itemStore(db), stripe: reader, clock });
    const readings = createReadings({ store: readingStore(db), reader, items, probe: isReachable, clock });
    months = createMonthReader({ store: monthStore(db), reader, probe: isReachable, clock });
    const store = adjustmentStore(db, dieHere);
    const adjustments = createAdjustments({ store, stripe: createStripeCancel(client), clock, fraction });
    const side = { roads, adjustments, readings };
    return startSyncAgent({
      outbox: outboxStore(db, dieHere),
      stripe: () => side,
      probe: isReachable,
      clock: agentClock,
      fraction,
      onChange: () => {},
      onTrouble: (error) => {
        throw error;
      },
    });
  }

  return {
    clock,
    stripe,
    ledger,
    db,
    call: (more = {}) => {
      const next = nextCall(more);
      ledger.settleAll([next]);
      return next.begun.id;
    },
    calls: (all) => {
      const next = all.map(nextCall);
      ledger.settleAll(next);
      return next.map(({ begun }) => begun.id);
    },
    correct: (id, change) => correctCall(ledger, id, change),
    sync: async () => {
      try {
        await agent.syncNow();
      } catch (error) {
        if (!killed) throw error;
      }
      // What had left when its process died arrives now or never: a socket may be slow, and the clock is driven weeks ahead meanwhile.
      // Others may leave while that is awaited.
      while (onTheirWay.size > 0) await Promise.allSettled(onTheirWay);
    },
    killAt: (moment) => {
      killMoment = moment;
    },
    restart: () => {
      killed = false;
      killMoment = null;
      underWay.forget();
      releaseSending(db);
      agent = startAgent();
    },
    isKilled: () => killed,
    events: () =>
      db
        .prepare<[], EventRow>(
          `SELECT id, identifier, state, value, customer, minute_ms AS minuteMs, last_answer AS lastAnswer
             FROM meter_events ORDER BY minute_ms, customer, id`,
        )
        .all(),
    idsIn: (...states) =>
      states.flatMap((state) =>
        db
          .prepare<[string], string>('SELECT id FROM meter_events WHERE state = ? ORDER BY minute_ms, id')
          .pluck()
          .all(state),
      ),
    view: () => readOutbox(db, { month: '2026-11', nowMs: clock.nowMs() }),
    wrongMoves,
    overlaps: underWay.overlaps,
    sums: (customer, meter = worldMeter) => {
      const here = db
        .prepare<[string, string], number>(
          `SELECT COALESCE(SUM(value), 0) FROM meter_events WHERE customer = ? AND meter = ? AND state IN ('accepted', 'confirmed')`,
        )
        .pluck()
        .get(customer, meter);
      return {
        stripe: sumOf(stripe.state, meter, customer, -Infinity, Infinity, Infinity),
        here: BigInt(here ?? 0),
      };
    },
    createItem: (customer) => {
      const proposed = readCarryForward(db, { customer, nowMs: clock.nowMs() });
      return items.create(customer, proposed.nanoUsd);
    },
    month: (customer, month) => readCustomerMonth(db, { customer, month, timeZone: 'UTC', nowMs: clock.nowMs() }),
    readMonth: (customer, month) => months.read(customer, month),
    readTrouble: () => agent.status().readTrouble,
    close: ledger.close,
  };
}

/** One request at a time for a customer and meter, on either road: looked at where requests leave. What a kill left behind is the far side's. */
function watchPairs() {
  let pairs = new Set<string>();
  let overlaps = 0;
  return {
    overlaps: () => overlaps,
    forget: () => {
      pairs = new Set();
    },
    watch: async ({ pathname }: URL, { body }: RequestInit, go: () => Promise<Response>): Promise<Response> => {
      const own = pairs;
      const named = typeof body === 'string' && /\/meter_event(?:s|_stream)$/.test(pathname) ? pairsOf(body) : [];
      overlaps += named.filter((pair) => own.has(pair)).length;
      for (const pair of named) own.add(pair);
      try {
        return await go();
      } finally {
        for (const pair of named) own.delete(pair);
      }
    },
  };
}

/** Of a form, or of the JSON of many. */
function pairsOf(body: string): string[] {
  if (!body.startsWith('{')) {
    const form = new URLSearchParams(body);
    return [`${form.get('payload[stripe_customer_id]')} ${form.get('event_name')}`];
  }
  const { events } = JSON.parse(body) as { events: { event_name: string; payload: { stripe_customer_id: string } }[] };
  return [...new Set(events.map(({ event_name: meter, payload }) => `${payload.stripe_customer_id} ${meter}`))];
}

class Killed extends Error {}

/**
 * The agent is woken by `sync` alone. What its pace waits for passes at once, and the clock with it.
 */
function agentClockOf(clock: DrivenClock): Clock {
  const never = { cancel: () => {} };
  return {
    ...clock,
    after: (delayMs, run) => {
      if (delayMs <= 0 || delayMs > 1_000) return never;
      const due = setImmediate(() => {
        clock.advance(delayMs);
        run();
      });
      return { cancel: () => clearImmediate(due) };
    },
  };
}

export function askInProcess(account: StripeAccount): WorldFetch {
  return ({ pathname, search }, { method = 'GET', headers, body }) =>
    answerOf(
      method,
      account.handle({
        method,
        path: `${pathname}${search}`,
        headers: Object.fromEntries(new Headers(headers)),
        body: typeof body === 'string' ? body : '',
      }),
    );
}

function answerOf(method: string, outcome: StripeOutcome): Promise<Response> {
  if (outcome.kind === 'drop' || outcome.cutAfterBytes !== null) {
    // A reading is asked for a second time by the SDK after half a second of real time, but not for this code.
    const code = method === 'GET' ? 'UND_ERR_SOCKET' : 'ECONNRESET';
    return Promise.reject(Object.assign(new TypeError('fetch failed'), { code }));
  }
  const { status, body, headers } = outcome.reply;
  return Promise.resolve(new Response(JSON.stringify(body), { status, headers: { ...headers } }));
}

/** Marks what is proposed of every customer as billed by an invoice item. */
export function carryAllForward({ db, view, clock }: OutboxWorld): number {
  const { carryForwards } = view();
  for (const { customer, nanoUsd } of carryForwards) carryForward(db, { customer, nanoUsd, nowMs: clock.nowMs() });
  return carryForwards.length;
}

/** A trigger of this connection sees each move, also those that follow one another within one transaction. */
export function watchMoves(db: Db): () => string[] {
  db.exec(`CREATE TEMP TABLE moves (event TEXT, was TEXT, now TEXT);
           CREATE TEMP TRIGGER keep_moves AFTER UPDATE OF state ON meter_events WHEN old.state <> new.state
             BEGIN INSERT INTO moves VALUES (new.id, old.state, new.state); END;`);
  type Move = { readonly event: string; readonly was: MeterEventState; readonly now: MeterEventState };
  const read = db.prepare<[], Move>('SELECT * FROM temp.moves');
  return () => {
    const moves = read.all();
    db.exec('DELETE FROM temp.moves');
    return moves
      .filter(({ was, now }) => !mayFollow(was, now))
      .map(({ event, was, now }) => `${event}: ${was} → ${now}`);
  };
}
