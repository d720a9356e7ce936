/**
 * The outbox against the simulated Stripe in one process on a driven clock: a real ledger file, the real agent, the real SDK over a fetch that asks
 * the account without sockets. Weeks pass in milliseconds; a kill is an agent that is left where it stands, and its file opened again.
 */
import { Stripe } from 'stripe';

import type { BegunCall } from '../../shared/call.ts';
import { planKinds, planSchema, type Plan } from '../../shared/contract/plan.ts';
import { mayFollow, type MeterEventState } from '../../shared/meter-event-states.ts';
import { metersOf } from '../../shared/plan-meters.ts';
import { carryForward } from '../../main/ledger/carry-forwards.ts';
import { daysToCompare, recordDays } from '../../main/ledger/confirmations.ts';
import { recordReports, reportsReadMs } from '../../main/ledger/error-reports.ts';
import { heldMinutes, recordMinute } from '../../main/ledger/minute-readings.ts';
import { outboxSummary, readOutbox, type OutboxView } from '../../main/ledger/outbox-read.ts';
import {
  recordAnswer,
  releaseSending,
  sealClosedMinutes,
  takeDueEvents,
  wakeOutbox,
} from '../../main/ledger/outbox.ts';
import { allowRead } from '../../main/ledger/stripe-reads.ts';
import { createStripeAccount, type StripeAccount, type StripeOutcome } from '../../main/sandbox/stripe-account.ts';
import type { StripeFault, StripeRules } from '../../main/sandbox/stripe-faults.ts';
import { seedAccount, sumOf } from '../../main/sandbox/stripe-meter-events.ts';
import { startSyncAgent, type OutboxStore, type SyncAgent } from '../../main/sync/agent.ts';
import { createReadings, type ReadingStore } from '../../main/sync/readings.ts';
import { createStripeReader } from '../../main/sync/stripe-reader.ts';
import { createStripeMeter } from '../../main/sync/stripe.ts';
import type { Db } from '../../main/system/db.ts';
import { begunCall } from './call-rows.ts';
import { createDrivenClock, type DrivenClock } from './driven-clock.ts';
import { openLedgerDb, type LedgerDb } from './ledger-db.ts';

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
  /** A call that cost a little more than a whole number of micro-dollars. */
  readonly call: (more?: Partial<BegunCall>) => void;
  readonly sync: () => Promise<void>;
  /** Kills the agent at the next moment of this kind; the sync that is under way then ends. */
  readonly killAt: (moment: KillMoment) => void;
  /** After a kill, or at any time: a new agent over the same file. */
  readonly restart: () => void;
  readonly isKilled: () => boolean;
  readonly events: () => EventRow[];
  readonly view: () => OutboxView;
  /** Moves of events from state to state that the states do not allow, since the last look. */
  readonly wrongMoves: () => string[];
  /** Of every meter of every plan that the world knows, in its own unit. */
  readonly sums: (customer: string, meter?: string) => { readonly stripe: bigint; readonly here: bigint };
  readonly close: () => void;
};

/** After it was taken and before it left; after it left and before its answer is written down; right after that. */
export type KillMoment = 'before_send' | 'before_record' | 'after_record';

export type WorldOptions = {
  readonly customers: readonly string[];
  readonly rules?: Partial<StripeRules>;
  readonly fraction?: () => number;
  /** In force from the beginning; cost when left out. */
  readonly plan?: Plan;
  /** What becomes of each request that sends, before the account's own faults. */
  readonly network?: () => 'through' | StripeFault;
};

export function openOutboxWorld(options: WorldOptions): OutboxWorld {
  const { customers, rules = {}, fraction = () => 0.5, network, plan } = options;
  const clock = createDrivenClock(worldStartMs);
  const stripe = createStripeAccount(clock, { requestsPerSecond: 1e9, ...rules });
  for (const eventName of worldMeters) seedAccount(stripe.state, { eventName, customers }, stripe.newId);
  const ledger = openLedgerDb(undefined, plan);
  const { db } = ledger;
  // Weeks of transactions: that the disk keeps them is tested elsewhere.
  db.pragma('synchronous = OFF');
  const wrongMoves = watchMoves(db);
  let calls = 0;
  let killMoment: KillMoment | null = null;
  let killed = false;
  let agent: SyncAgent = startAgent();

  function die(moment: KillMoment): void {
    if (killed) throw new Killed();
    if (killMoment !== moment) return;
    killMoment = null;
    killed = true;
    throw new Killed();
  }

  function startAgent(): SyncAgent {
    const client = new Stripe('sk_test_world', {
      maxNetworkRetries: 0,
      telemetry: false,
      httpClient: Stripe.createFetchHttpClient((input: RequestInfo | URL, init?: RequestInit) => {
        die('before_send');
        return ask(stripe, input, init ?? {}, network);
      }),
    });
    const isReachable = () => Promise.resolve(!stripe.rules().isOffline);
    const reader = createStripeReader(client, (kind) => Promise.resolve(allowRead(db, { kind, nowMs: clock.nowMs() })));
    const readings = createReadings({ store: readingStore(db), reader, probe: isReachable, clock });
    const side = { meter: createStripeMeter(client), readings };
    return startSyncAgent({
      outbox: outboxStore(db, die),
      stripe: () => side,
      probe: isReachable,
      // The agent is woken by `sync` alone.
      clock: { ...clock, after: () => ({ cancel: () => {} }) },
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
      const id = `call_${(calls += 1)}`;
      ledger.settle(begunCall(id, { startedAtMs: clock.nowMs(), ...more }), {
        input_tokens: 1_000 + (calls % 97),
        output_tokens: 7,
        cache_read_input_tokens: 3,
      });
    },
    sync: async () => {
      try {
        await agent.syncNow();
      } catch (error) {
        if (!killed) throw error;
      }
    },
    killAt: (moment) => {
      killMoment = moment;
    },
    restart: () => {
      killed = false;
      killMoment = null;
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
    view: () => readOutbox(db, { month: '2026-11', nowMs: clock.nowMs() }),
    wrongMoves,
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
    close: ledger.close,
  };
}

class Killed extends Error {}

/** The account's answer as a fetch would give it. */
function ask(
  stripe: StripeAccount,
  input: RequestInfo | URL,
  init: RequestInit,
  network: WorldOptions['network'],
): Promise<Response> {
  const method = init.method ?? 'GET';
  if (stripe.rules().isOffline)
    return Promise.reject(Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' }));
  const fault = method === 'POST' ? (network?.() ?? 'through') : 'through';
  if (fault !== 'through') stripe.breakNext(fault);
  const url = new URL(input instanceof Request ? input.url : input);
  const headers = Object.fromEntries(new Headers(init.headers));
  const body = typeof init.body === 'string' ? init.body : '';
  return answerOf(stripe.handle({ method, path: `${url.pathname}${url.search}`, headers, body }));
}

function answerOf(outcome: StripeOutcome): Promise<Response> {
  // Without the code that makes the SDK ask a second time after half a second of real time.
  if (outcome.kind === 'drop' || outcome.cutAfterBytes !== null)
    return Promise.reject(Object.assign(new TypeError('fetch failed'), { code: 'UND_ERR_SOCKET' }));
  const { status, body, headers } = outcome.reply;
  return Promise.resolve(new Response(JSON.stringify(body), { status, headers: { ...headers } }));
}

function outboxStore(db: Db, die: (moment: KillMoment) => void): OutboxStore {
  return {
    seal: (nowMs) => Promise.resolve(sealClosedMinutes(db, { nowMs, onTheirWay: [] })),
    take: (nowMs, limit) => Promise.resolve(takeDueEvents(db, { nowMs, limit })),
    record: (answer) =>
      Promise.resolve().then(() => {
        die('before_record');
        recordAnswer(db, answer);
        die('after_record');
      }),
    wake: (nowMs) => Promise.resolve(wakeOutbox(db, { nowMs })),
    waiting: () => Promise.resolve(outboxSummary(db).waitingEvents),
  };
}

function readingStore(db: Db): ReadingStore {
  return {
    reportsReadMs: () => Promise.resolve(reportsReadMs(db)),
    recordReports: (read) => Promise.resolve(recordReports(db, read)),
    heldMinutes: (nowMs, limit) => Promise.resolve(heldMinutes(db, { nowMs, limit })),
    recordMinute: (reading) => Promise.resolve(recordMinute(db, reading)),
    daysToCompare: (nowMs, limit) => Promise.resolve(daysToCompare(db, { nowMs, limit })),
    recordDays: (read) => Promise.resolve(recordDays(db, read)),
  };
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
