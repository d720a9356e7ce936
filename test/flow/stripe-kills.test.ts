/**
 * A kill (SIGKILL) of the real process at every state of a meter event and at every moment between two of them; the same file is opened again, and at
 * the end Stripe's sums equal the ledger's, nothing counts twice and nothing is stuck.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createPlansInForce } from '../../main/ledger/plans-in-force.ts';
import { createRecorder } from '../../main/ledger/record.ts';
import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { turnOutbox } from '../../main/ledger/record-answers.ts';
import { moveRollupsToZone } from '../../main/ledger/rollup.ts';
import { verifyLedger } from '../../main/ledger/verify.ts';
import { seedAccount, sumOf } from '../../main/sandbox/stripe-meter-events.ts';
import { openDatabase, type Db } from '../../main/system/db.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import type { MeterEventState } from '../../shared/meter-event-states.ts';
import { createDayOf } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { begunCall, settledCall } from '../kit/call-rows.ts';
import { startEngineProcess, type EngineProcess } from '../kit/engine-process.ts';
import { startStripeGate, type StripeGate } from '../kit/stripe-gate.ts';
import { createShiftedClock, type ShiftedClock } from '../kit/test-engine.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const plan = planSchema.parse({ kind: 'cost' });
const meter = plan.eventName;
const customer = 'cus_a';
const sends = /^POST \/v1\/billing\/meter_events$/;
const summaries = /^GET .*\/event_summaries/;

let home: string;
let file: string;
let clock: ShiftedClock;
let gate: StripeGate;
let engine: EngineProcess | null;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-kills-'));
  file = join(home, ledgerFileName);
  clock = createShiftedClock();
  gate = await startStripeGate(clock);
  seedAccount(gate.account.state, { eventName: meter, customers: [customer] }, gate.account.newId);
  engine = null;
});
afterEach(async () => {
  await engine?.kill();
  await gate.close();
  rmSync(home, { recursive: true, force: true });
});

/** The ledger as an engine left it: calls of one minute, so long ago; `change` does to it what time would. */
function ledgerOf(agoMs: number, change: (db: Db) => void = () => {}): void {
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
  change(db);
  db.close();
}

/** What was taken so long ago, and whether it arrived. */
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
    timestamp: String(event.minuteMs / 1_000),
    'payload[stripe_customer_id]': customer,
    'payload[value]': String(event.value),
  };
  clock.putAhead(-agoMs);
  gate.account.handle({
    method: 'POST',
    path: '/v1/billing/meter_events',
    headers: { authorization: 'Bearer sk_test_before' },
    body: new URLSearchParams(fields).toString(),
  });
  clock.putAhead(agoMs);
}

/** The summary of its minute has been read before, and has said nothing since. */
function readBefore(db: Db): void {
  db.exec(
    `INSERT INTO minute_readings (customer, meter, minute_ms, stripe_value, same_since_ms, read_at_ms, next_read_at_ms, is_unexplained) SELECT customer, meter, minute_ms, 0, ${Date.now() - 2 * hourMs}, ${Date.now() - 2 * hourMs}, 0, 0 FROM meter_events`,
  );
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

/** Looks at the file beside the process until its event is in this state. */
async function stateIs(...states: readonly MeterEventState[]): Promise<void> {
  await expect
    .poll(stateNow, { timeout: 20_000, interval: 25 })
    .toSatisfy((state) => states.includes(state as MeterEventState));
}

function stateNow(): string | null {
  try {
    const db = openDatabase(file, 'read');
    const state = db.prepare<[], string>('SELECT state FROM meter_events').pluck().get() ?? null;
    db.close();
    return state;
  } catch {
    // The file is being made.
    return null;
  }
}

/** The ledger cannot be written while `run` runs: what the process was answered it cannot write down. */
async function whileLocked(run: () => Promise<void>): Promise<void> {
  const db = openDatabase(file, 'write');
  db.exec('BEGIN IMMEDIATE');
  try {
    await run();
  } finally {
    db.exec('ROLLBACK');
    db.close();
  }
}

/** The answer has reached the process and it tries to write it down: killed there. */
async function killUnwritten(held: { readonly let: () => Promise<void> }): Promise<void> {
  await whileLocked(async () => {
    await held.let();
    await pause(150);
    await kill();
  });
}

type Ending = 'accepted' | 'confirmed' | 'rejected' | 'set_aside' | 'carried_forward';
type Kill = {
  readonly name: string;
  /** Ends with the process killed. */
  readonly before: () => Promise<void>;
  readonly ends: Ending;
  /** Of Stripe's events. */
  readonly counted?: number;
};

const anHourAgo = () => ledgerOf(hourMs);
const held30Hours = (hasArrived: boolean) => () =>
  ledgerOf(31 * hourMs, (db) => {
    sentBefore(db, 30 * hourMs, 'unknown', hasArrived);
    if (!hasArrived) readBefore(db);
  });
const accepted2Days = () => ledgerOf(2 * dayMs, (db) => sentBefore(db, 2 * dayMs - hourMs, 'accepted', true));
const killHeld = (moment: 'before' | 'after', request: RegExp, prepare: () => void) => async () => {
  prepare();
  const held = gate.hold(moment, request);
  await start();
  await held;
  await kill();
};
const killAnswered = (request: RegExp, prepare: () => void) => async () => {
  prepare();
  const held = gate.hold('after', request);
  await start();
  await killUnwritten(await held);
};
const killIn =
  (state: MeterEventState, prepare: () => void, hasKey = true) =>
  async () => {
    prepare();
    await start(hasKey);
    await stateIs(state);
    await kill();
  };

const kills: readonly Kill[] = [
  { name: 'sealed', before: killIn('sealed', anHourAgo, false), ends: 'accepted' },
  { name: 'sending, before Stripe has it', before: killHeld('before', sends, anHourAgo), ends: 'accepted' },
  {
    name: 'sending, after Stripe took it and before its answer',
    before: killHeld('after', sends, anHourAgo),
    ends: 'accepted',
  },
  {
    name: 'sending, after the answer and before it is written down',
    before: killAnswered(sends, anHourAgo),
    ends: 'accepted',
  },
  {
    name: 'unknown, with its answer lost',
    before: async () => {
      anHourAgo();
      const first = gate.hold('after', sends);
      await start();
      const held = await first;
      // The SDK asks a second time by itself when a connection is closed.
      const second = gate.hold('before', sends);
      held.breakOff();
      (await second).breakOff();
      await stateIs('unknown');
      await kill();
    },
    ends: 'accepted',
  },
  { name: 'accepted', before: killIn('accepted', anHourAgo), ends: 'accepted' },
  {
    name: 'accepted, while the figure of its day is asked for',
    before: killHeld('before', summaries, accepted2Days),
    ends: 'confirmed',
  },
  {
    name: 'accepted, with the figure of its day read and not written down',
    before: killAnswered(summaries, accepted2Days),
    ends: 'confirmed',
  },
  { name: 'confirmed', before: killIn('confirmed', accepted2Days), ends: 'confirmed' },
  {
    name: 'rejected',
    before: async () => {
      for (const known of gate.account.state.meters.values()) known.isActive = false;
      await killIn('rejected', anHourAgo)();
    },
    ends: 'rejected',
    counted: 0,
  },
  { name: 'set aside', before: killIn('set_aside', () => ledgerOf(36 * dayMs)), ends: 'set_aside', counted: 0 },
  {
    name: 'carried forward',
    before: async () => {
      await killIn('set_aside', () => ledgerOf(36 * dayMs))();
      const running = await start();
      const { carryForwards } = (await running.ask('GET', '/api/stripe')) as { carryForwards: { nanoUsd: number }[] };
      await running.ask('POST', `/api/stripe/carry-forwards/${customer}`, { nanoUsd: carryForwards[0]?.nanoUsd });
      await stateIs('carried_forward');
      await kill();
    },
    ends: 'carried_forward',
    counted: 0,
  },
  {
    name: 'held, while the summary of its minute is asked for',
    before: killHeld('before', summaries, held30Hours(true)),
    ends: 'accepted',
  },
  {
    name: 'held, with the summary read and not written down',
    before: killAnswered(summaries, held30Hours(true)),
    ends: 'accepted',
  },
  {
    name: 'held and missing, while the summary is asked for',
    before: killHeld('before', summaries, held30Hours(false)),
    ends: 'accepted',
  },
  {
    name: 'held and missing, with the summary read and not written down',
    before: killAnswered(summaries, held30Hours(false)),
    ends: 'accepted',
  },
  {
    name: 'sealed again under another identifier, before Stripe has it',
    before: killHeld('before', sends, held30Hours(false)),
    ends: 'accepted',
  },
  {
    name: 'sealed again, after Stripe took it and before its answer',
    before: killHeld('after', sends, held30Hours(false)),
    ends: 'accepted',
  },
  {
    name: 'sealed again, after the answer and before it is written down',
    before: killAnswered(sends, held30Hours(false)),
    ends: 'accepted',
  },
];

describe('a kill while an event is', () => {
  it.each(kills)('$name loses nothing and counts nothing twice', async ({ before, ends, counted = 1 }) => {
    await before();

    const running = await start();
    // Whatever it waits with is skipped.
    await expect
      .poll(
        async () => {
          await running.ask('POST', '/api/stripe/sync');
          return stateNow();
        },
        { timeout: 20_000, interval: 100 },
      )
      .toBe(ends);
    expect(await running.stop()).toBe(0);

    const db = openLedgerFile(file, 'read');
    const here = db
      .prepare<[], number>(`SELECT COALESCE(SUM(value), 0) FROM meter_events WHERE state IN ('accepted', 'confirmed')`)
      .pluck()
      .get();
    const { findings } = verifyLedger(db);
    db.close();
    expect(findings).toEqual([]);
    const { state } = gate.account;
    expect(sumOf(state, meter, customer, -Infinity, Infinity, Infinity)).toBe(BigInt(here ?? 0));
    expect(state.events).toHaveLength(counted);
    expect(new Set(state.events.map(({ identifier }) => identifier)).size).toBe(counted);
  });
});
