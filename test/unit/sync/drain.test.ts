/** The drain over a real ledger: one request at a time for a customer and meter, no waiting for the slowest, nothing lost when the disk refuses. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { turnOutbox } from '../../../main/ledger/record-answers.ts';
import type { DueEvent } from '../../../main/ledger/take-due.ts';
import type { StripeAnswer } from '../../../main/sync/decide.ts';
import { createDrain, type Drain, type DrainOptions } from '../../../main/sync/drain.ts';
import { createPace } from '../../../main/sync/pace.ts';
import type { Roads, Road } from '../../../main/sync/roads.ts';
import { systemClock } from '../../../main/system/clock.ts';
import { begunCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

const startMs = Date.parse('2026-11-02T00:00:00Z');
const minuteMs = 60_000;
let ledger: LedgerDb;
let nowMs: number;
let turns: number;
let refusals: number;

beforeEach(() => {
  ledger = openLedgerDb();
  nowMs = startMs + 3_600_000;
  turns = 0;
  refusals = 0;
});
afterEach(() => ledger.close());

/** Events of `minutes` minutes for each customer. */
function backlog(customers: number, minutes: number): void {
  for (let customer = 0; customer < customers; customer++)
    for (let minute = 0; minute < minutes; minute++)
      ledger.settle(
        begunCall(`call_${customer}_${minute}`, {
          customer: `cus_${customer}`,
          startedAtMs: startMs + minute * minuteMs,
        }),
      );
}

const stateCounts = () =>
  Object.fromEntries(
    ledger.db.prepare<[], [string, number]>('SELECT state, COUNT(*) FROM meter_events GROUP BY state').raw().all(),
  );

function drainWith(onAnswer: DrainOptions['onAnswer'] = () => {}): Drain {
  return createDrain({
    outbox: {
      seal: () => Promise.resolve(sealClosedMinutes(ledger.db, { nowMs, onTheirWay: [] })),
      turn: (turn) => {
        turns += 1;
        if (refusals > 0 && turn.answers.length > 0) {
          refusals -= 1;
          return Promise.reject(new Error('the disk is full'));
        }
        return Promise.resolve(turnOutbox(ledger.db, turn));
      },
    },
    clock: { ...systemClock, nowMs: () => nowMs },
    fraction: () => 0.5,
    onAnswer,
    onProgress: () => {},
  });
}

const roadOf = (send: Road['send'], batchMax = 1): Road => ({
  pace: createPace({ perSecond: 2_000, underWayMax: 50 }, systemClock),
  batchMax,
  send,
});
const roadsOf = (send: Road['send']): Roads => ({ single: roadOf(send), stream: null });
const accepted: StripeAnswer = { kind: 'accepted' };
const never = () => false;

describe('the drain', () => {
  it('sends each customer’s minutes in order, one at a time, and records groups of answers in one go', async () => {
    backlog(40, 10);
    const underWay = new Set<string>();
    const minutes = new Map<string, number[]>();
    const tally = await drainWith().run(
      roadsOf(async ([event]) => {
        if (event === undefined) throw new Error('an event');
        expect(underWay.has(event.customer)).toBe(false);
        underWay.add(event.customer);
        minutes.set(event.customer, [...(minutes.get(event.customer) ?? []), event.minuteMs]);
        await new Promise((resolve) => setTimeout(resolve, 1));
        underWay.delete(event.customer);
        return accepted;
      }),
      never,
    );
    expect(tally).toMatchObject({ sent: 400, accepted: 400 });
    expect(stateCounts()).toEqual({ accepted: 400 });
    for (const of of minutes.values()) expect(of).toEqual(of.toSorted((a, b) => a - b));
    expect(turns).toBeLessThan(200);
  });

  it('does not wait for its slowest', async () => {
    backlog(3, 20);
    const others: DueEvent[] = [];
    const slow = Promise.withResolvers<StripeAnswer>();
    const tally = await drainWith().run(
      roadsOf((events) => {
        if (events[0]?.customer === 'cus_0' && others.length < 40) return slow.promise;
        others.push(...events);
        // The slow one is answered when everything of the others has gone.
        if (others.length === 40) slow.resolve(accepted);
        return Promise.resolve(accepted);
      }),
      never,
    );
    expect(tally.accepted).toBe(60);
    expect(stateCounts()).toEqual({ accepted: 60 });
  });

  it('ends at once when nothing connects or the key is refused, and after eight failures in a row', async () => {
    for (const [kind, most] of [
      ['not_connected', 30],
      ['not_authorized', 30],
      ['no_answer', 60],
    ] as const) {
      backlog(200, 1);
      const { sent } = await drainWith().run(
        roadsOf(() => Promise.resolve({ kind, reason: 'r' })),
        never,
      );
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThan(most);
      expect(stateCounts()['sending']).toBeUndefined();
      ledger.close();
      ledger = openLedgerDb();
    }
  });

  it('keeps an answer that the ledger could not take, and writes it down the next time', async () => {
    backlog(1, 1);
    refusals = 1;
    const drain = drainWith();
    const roads = roadsOf(() => Promise.resolve(accepted));
    await expect(drain.run(roads, never)).rejects.toThrow('the disk is full');
    expect(stateCounts()).toEqual({ sending: 1 });
    await drain.run(roads, never);
    expect(stateCounts()).toEqual({ accepted: 1 });
  });

  it('takes a fault of ours for an unknown outcome, and throws it', async () => {
    backlog(1, 1);
    const drain = drainWith();
    await expect(
      drain.run(
        roadsOf(() => Promise.reject(new TypeError('a bug'))),
        never,
      ),
    ).rejects.toThrow('a bug');
    expect(stateCounts()).toEqual({ unknown: 1 });
  });

  it('stops taking when it is told to, and writes down what is under way', async () => {
    backlog(100, 5);
    let isStopped = false;
    await drainWith(() => {
      isStopped = true;
    }).run(
      roadsOf(() => Promise.resolve(accepted)),
      () => isStopped,
    );
    const counts = stateCounts();
    expect(counts['sending']).toBeUndefined();
    expect(counts['accepted']).toBeLessThan(100);
  });

  it('does not send what waits for its road’s pace once it is told to stop, and keeps its outcome unknown', async () => {
    backlog(30, 1);
    sealClosedMinutes(ledger.db, { nowMs, onTheirWay: [] });
    ledger.db.exec(`UPDATE meter_events SET state = 'unknown', attempts = 1, first_sent_at_ms = ${nowMs - 1_000}`);
    let sent = 0;
    let isStopped = false;
    const slow = createPace({ perSecond: 1, underWayMax: 1 }, systemClock);
    const single: Road = {
      pace: slow,
      batchMax: 1,
      send: () => {
        sent += 1;
        isStopped = true;
        return Promise.resolve({ kind: 'duplicate' });
      },
    };
    await drainWith().run({ single, stream: roadOf(() => Promise.resolve(accepted), 100) }, () => isStopped);
    expect(sent).toBe(1);
    expect(stateCounts()).toEqual({ accepted: 1, unknown: 29 });
  });

  it('does not send what may have arrived when the machine slept for a day between the look and the sending', async () => {
    backlog(1, 1);
    sealClosedMinutes(ledger.db, { nowMs, onTheirWay: [] });
    ledger.db.exec(`UPDATE meter_events SET state = 'unknown', attempts = 1, first_sent_at_ms = ${nowMs - 1_000}`);
    let sent = 0;
    const drain = createDrain({
      outbox: {
        seal: () => Promise.resolve(0),
        turn: (turn) => {
          const due = turnOutbox(ledger.db, turn);
          if (due.length > 0) nowMs += 30 * 3_600_000;
          return Promise.resolve(due);
        },
      },
      clock: { ...systemClock, nowMs: () => nowMs },
      fraction: () => 0.5,
      onAnswer: () => {},
      onProgress: () => {},
    });
    await drain.run(
      roadsOf(() => {
        sent += 1;
        return Promise.resolve(accepted);
      }),
      never,
    );
    expect(sent).toBe(0);
    const held = `SELECT COUNT(*) FROM meter_events WHERE state = 'unknown' AND next_attempt_at_ms IS NULL`;
    expect(ledger.db.prepare<[], number>(held).pluck().get()).toBe(1);
  });

  it('fills requests of a hundred with whole customers in order, and sends alone what may have arrived', async () => {
    backlog(7, 30);
    sealClosedMinutes(ledger.db, { nowMs, onTheirWay: [] });
    ledger.db.exec(
      `UPDATE meter_events SET state = 'unknown', attempts = 1, first_sent_at_ms = ${nowMs - 1_000} WHERE customer = 'cus_3'`,
    );
    const batches: (readonly DueEvent[])[] = [];
    const alone: DueEvent[] = [];
    const single = roadOf((events) => {
      alone.push(...events);
      return Promise.resolve({ kind: 'duplicate' } as const);
    });
    const stream = roadOf((events) => {
      batches.push(events);
      return Promise.resolve(accepted);
    }, 100);
    const tally = await drainWith().run({ single, stream }, never);
    expect(tally.accepted).toBe(210);
    expect(alone.map(({ customer }) => customer)).toEqual(Array(30).fill('cus_3'));
    expect(batches.flat()).toHaveLength(180);
    for (const batch of batches) {
      expect(batch.length).toBeLessThanOrEqual(100);
      for (const ofCustomer of Map.groupBy(batch, ({ customer }) => customer).values())
        expect(ofCustomer).toEqual(ofCustomer.toSorted((a, b) => a.minuteMs - b.minuteMs));
    }
  });
});
