/** What is due is taken in turns, the oldest of each customer and meter, and costs the same however much waits. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { recordAnswers } from '../../../main/ledger/record-answers.ts';
import { takeDueEvents, type DueEvent } from '../../../main/ledger/take-due.ts';
import { begunCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

const startMs = Date.parse('2026-11-02T00:00:00Z');
const minuteMs = 60_000;
const nowMs = startMs + 30 * 24 * 3_600_000;
let ledger: LedgerDb;

beforeEach(() => {
  ledger = openLedgerDb();
  ledger.db.pragma('synchronous = OFF');
});
afterEach(() => ledger.close());

function backlog(customers: readonly string[], minutes: number): void {
  ledger.settleAll(
    customers.flatMap((customer) =>
      Array.from({ length: minutes }, (_, minute) => ({
        begun: begunCall(`${customer}_${minute}`, { customer, startedAtMs: startMs + minute * minuteMs }),
      })),
    ),
  );
  while (sealClosedMinutes(ledger.db, { nowMs, onTheirWay: [] }) > 0);
}
const take = (limit: number, more: { perPair?: number; after?: DueEvent | null } = {}) =>
  takeDueEvents(ledger.db, { nowMs, limit, ...more });
const names = (events: readonly DueEvent[]) =>
  events.map(({ customer, minuteMs: at }) => `${customer} ${(at - startMs) / minuteMs}`);
const answer = (events: readonly DueEvent[], state: 'accepted' | 'unknown') =>
  recordAnswers(
    ledger.db,
    events.map(({ id }) => ({
      id,
      nowMs,
      state,
      nextAttemptAtMs: state === 'unknown' ? nowMs : null,
      sentence: 's',
      mayHaveArrived: true,
      rejectionCode: null,
    })),
  );

describe('what is due', () => {
  it('is the oldest of each customer, in turns that go round', () => {
    backlog(['cus_a', 'cus_b', 'cus_c'], 3);
    const first = take(2);
    expect(names(first)).toEqual(['cus_a 0', 'cus_b 0']);
    answer(first, 'accepted');
    const second = take(2, { after: first.at(-1) ?? null });
    expect(names(second)).toEqual(['cus_c 0', 'cus_a 1']);
  });

  it('is nothing of a customer that has something on its way', () => {
    backlog(['cus_a', 'cus_b'], 3);
    const first = take(1);
    expect(names(take(5))).toEqual(['cus_b 0']);
    expect(take(5)).toEqual([]);
    answer(first, 'accepted');
    expect(names(take(5))).toEqual(['cus_a 1']);
  });

  it('may be several of a customer in order, but one that may have arrived alone', () => {
    backlog(['cus_a'], 6);
    const [first, second, third] = take(3, { perPair: 3 });
    if (!first || !second || !third) throw new Error('three are due');
    answer([first, third], 'accepted');
    answer([second], 'unknown');
    expect(names(take(5, { perPair: 5 }))).toEqual(['cus_a 1']);
    answer([second], 'accepted');
    expect(names(take(5, { perPair: 5 }))).toEqual(['cus_a 3', 'cus_a 4', 'cus_a 5']);
  });

  it('takes no longer with ten thousand waiting than with a hundred', () => {
    const customers = Array.from({ length: 20 }, (_, index) => `cus_${index}`);
    const fastestMs = () => {
      let fastest = Infinity;
      for (let turn = 0; turn < 30; turn++) {
        const startedMs = performance.now();
        const due = take(5);
        fastest = Math.min(fastest, performance.now() - startedMs);
        answer(due, 'accepted');
      }
      return fastest;
    };
    backlog(customers, 10);
    const few = fastestMs();
    backlog(
      customers.map((customer) => `${customer}x`),
      500,
    );
    expect(fastestMs()).toBeLessThan(few * 5);
  });
});
