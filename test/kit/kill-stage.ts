/**
 * A stage for kills (SIGKILL) of the real process around its outbox: a ledger as an engine left it, Stripe behind a gate that holds a request at the
 * wanted moment, a start that kills there, and an ending that asks whether Stripe's sums equal the ledger's, nothing counts twice and nothing is stuck.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { expect } from 'vitest';

import { createPlansInForce } from '../../main/ledger/plans-in-force.ts';
import { createRecorder, type Recorder } from '../../main/ledger/record.ts';
import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { turnOutbox } from '../../main/ledger/record-answers.ts';
import { moveRollupsToZone } from '../../main/ledger/rollup.ts';
import { verifyLedger } from '../../main/ledger/verify.ts';
import { seedAccount, sumOf } from '../../main/sandbox/stripe-meter-events.ts';
import { openDatabase, type Db } from '../../main/system/db.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import { stampOf } from '../../shared/meter-event.ts';
import type { MeterEventState } from '../../shared/meter-event-states.ts';
import { createDayOf } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { begunCall, settledCall } from './call-rows.ts';
import { startEngineProcess, type EngineProcess } from './engine-process.ts';
import { startStripeGate, type StripeGate } from './stripe-gate.ts';
import { createShiftedClock } from './test-engine.ts';

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
const plan = planSchema.parse({ kind: 'cost' });
const meter = plan.eventName;
/** Whose calls they are, and to whom some turn out to belong. */
export const customer = 'cus_a';
export const otherCustomer = 'cus_b';

/** What may be done to the ledger before the process starts. */
export type LedgerBefore = { readonly db: Db; readonly recorder: Recorder };
export type Before = (ledger: LedgerBefore) => void;

export type Ending = {
  /** Of the customer's event. */
  readonly state: MeterEventState;
  /** Of Stripe's events, all and those it does not count any more. */
  readonly counted?: number;
  readonly cancelled?: number;
};

export type KillStage = {
  readonly gate: StripeGate;
  /** Calls of one minute, so long ago; `change` does to the ledger what time would. */
  readonly ledgerOf: (agoMs: number, change?: Before) => void;
  /** What was taken so long ago, and whether it arrived. */
  readonly sentBefore: (db: Db, agoMs: number, state: 'unknown' | 'accepted', hasArrived: boolean) => void;
  /** What Stripe was told so long ago. */
  readonly toldBefore: (agoMs: number, path: string, fields: Readonly<Record<string, string>>) => void;
  readonly start: (hasKey?: boolean) => Promise<EngineProcess>;
  readonly kill: () => Promise<void>;
  /** Looks at the file beside the process until the customer's event is in this state. */
  readonly stateIs: (...states: readonly MeterEventState[]) => Promise<void>;
  /** Starts, and kills once a request like it is at this moment of its way. */
  readonly killHeld: (moment: 'before' | 'after', request: RegExp) => Promise<void>;
  /** The answer has reached the process and it tries to write it down: killed there. */
  readonly killAnswered: (request: RegExp) => Promise<void>;
  readonly killIn: (state: MeterEventState, hasKey?: boolean) => Promise<void>;
  /** Starts once more and goes on until it has ended as it should. */
  readonly endsAs: (ending: Ending) => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openKillStage(): Promise<KillStage> {
  const home = mkdtempSync(join(tmpdir(), 'tollkeeper-kills-'));
  const file = join(home, ledgerFileName);
  const clock = createShiftedClock();
  const gate = await startStripeGate(clock);
  seedAccount(gate.account.state, { eventName: meter, customers: [customer, otherCustomer] }, gate.account.newId);
  let engine: EngineProcess | null = null;

  function ledgerOf(agoMs: number, change: Before = () => {}): void {
    const db = openLedgerFile(file, 'write');
    moveRollupsToZone(db, 'UTC');
    const recorder = createRecorder(db, {
      dayOf: createDayOf('UTC'),
      plans: createPlansInForce(db, plan),
      book: () => currentBook,
    });
    db.transaction(() => {
      for (const id of ['call_1', 'call_2']) {
        const begun = begunCall(id, { customer, startedAtMs: Math.floor((Date.now() - agoMs) / minuteMs) * minuteMs });
        recorder.settle(begun, settledCall(begun));
      }
      recorder.writeRollups();
    })();
    change({ db, recorder });
    db.close();
  }

  function sentBefore(db: Db, agoMs: number, state: 'unknown' | 'accepted', hasArrived: boolean): void {
    const nowMs = Date.now() - agoMs;
    sealClosedMinutes(db, { nowMs, onTheirWay: [] });
    const [event] = turnOutbox(db, { nowMs, limit: 1, answers: [] });
    if (event === undefined) throw new Error('an event was sealed');
    const answer = {
      id: event.id,
      nowMs,
      state,
      nextAttemptAtMs: null,
      sentence: 's',
      mayHaveArrived: true,
      rejectionCode: null,
    };
    turnOutbox(db, { nowMs, limit: 0, answers: [answer] });
    if (!hasArrived) return;
    const fields = {
      event_name: meter,
      identifier: event.identifier,
      timestamp: String(stampOf(event.minuteMs) / 1_000),
      'payload[stripe_customer_id]': customer,
      'payload[value]': String(event.value),
    };
    toldBefore(agoMs, '/v1/billing/meter_events', fields);
  }

  function toldBefore(agoMs: number, path: string, fields: Readonly<Record<string, string>>): void {
    const headers = { authorization: 'Bearer sk_test_before' };
    clock.putAhead(-agoMs);
    gate.account.handle({ method: 'POST', path, headers, body: new URLSearchParams(fields).toString() });
    clock.putAhead(agoMs);
  }

  async function start(hasKey = true): Promise<EngineProcess> {
    const env = {
      STRIPE_API_KEY: hasKey ? 'sk_test_kills' : '',
      TOLLKEEPER_STRIPE_API_BASE: gate.url,
      TOLLKEEPER_TIME_ZONE: 'UTC',
    };
    engine = await startEngineProcess({ home, upstream: 'http://127.0.0.1:9', env });
    return engine;
  }

  async function kill(): Promise<void> {
    await engine?.kill();
    engine = null;
  }

  async function stateIs(...states: readonly MeterEventState[]): Promise<void> {
    await expect
      .poll(() => stateNow(file), { timeout: 20_000, interval: 25 })
      .toSatisfy((state) => states.includes(state as MeterEventState));
  }

  return {
    gate,
    ledgerOf,
    sentBefore,
    toldBefore,
    start,
    kill,
    stateIs,
    killHeld: async (moment, request) => {
      const held = gate.hold(moment, request);
      await start();
      await held;
      await kill();
    },
    killAnswered: async (request) => {
      const held = gate.hold('after', request);
      await start();
      const { let: answer } = await held;
      await whileLocked(file, async () => {
        await answer();
        await pause(150);
        await kill();
      });
    },
    killIn: async (state, hasKey = true) => {
      await start(hasKey);
      await stateIs(state);
      await kill();
    },
    endsAs: async (ending) => {
      const running = await start();
      await goOnUntil(running, file, ending.state);
      expect(await running.stop()).toBe(0);
      agree(file, gate, ending);
    },
    close: async () => {
      await kill();
      await gate.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function stateNow(file: string): string | null {
  try {
    const db = openDatabase(file, 'read');
    const state = db.prepare<[string], string>('SELECT state FROM meter_events WHERE customer = ?').pluck();
    const now = state.get(customer) ?? null;
    db.close();
    return now;
  } catch {
    // The file is being made.
    return null;
  }
}

/** The ledger cannot be written while `run` runs: what the process was answered it cannot write down. */
async function whileLocked(file: string, run: () => Promise<void>): Promise<void> {
  const db = openDatabase(file, 'write');
  db.exec('BEGIN IMMEDIATE');
  try {
    await run();
  } finally {
    db.exec('ROLLBACK');
    db.close();
  }
}

/** Whatever it waits with is skipped. Nobody else's events may be left under way either. */
async function goOnUntil(running: EngineProcess, file: string, state: MeterEventState): Promise<void> {
  await expect
    .poll(
      async () => {
        await running.ask('POST', '/api/stripe/sync');
        return !isUnderWay(file) && stateNow(file) === state;
      },
      { timeout: 20_000, interval: 100 },
    )
    .toBe(true);
}

function isUnderWay(file: string): boolean {
  const db = openDatabase(file, 'read');
  const underWay = db
    .prepare(`SELECT 1 FROM meter_events WHERE state IN ('sealed', 'sending', 'unknown', 'cancelling')`)
    .get();
  db.close();
  return underWay !== undefined;
}

function agree(file: string, { account: { state } }: StripeGate, { counted = 1, cancelled = 0 }: Ending): void {
  const db = openLedgerFile(file, 'read');
  const sums = db.prepare<[string], number>(
    `SELECT COALESCE(SUM(value), 0) FROM meter_events WHERE customer = ? AND state IN ('accepted', 'confirmed')`,
  );
  const here = [customer, otherCustomer].map((name) => BigInt(sums.pluck().get(name) ?? 0));
  const { findings } = verifyLedger(db);
  db.close();
  expect(findings).toEqual([]);
  const there = [customer, otherCustomer].map((name) => sumOf(state, meter, name, -Infinity, Infinity, Infinity));
  expect(there).toEqual(here);
  expect(state.events).toHaveLength(counted);
  expect(state.events.filter(({ isCancelled }) => isCancelled)).toHaveLength(cancelled);
  expect(new Set(state.events.map(({ identifier }) => identifier)).size).toBe(counted);
}
