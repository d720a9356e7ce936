/** Minutes that come to less than one unit of their meter, by themselves or with a credit that was carried to them: nothing of them is sent or lost. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { recordReports } from '../../../main/ledger/error-reports.ts';
import { retryEvent } from '../../../main/ledger/outbox-choices.ts';
import { sealClosedMinutes } from '../../../main/ledger/outbox.ts';
import { distrustOutbox } from '../../../main/ledger/restored-outbox.ts';
import { partsOfMonth } from '../../../shared/month-words.ts';
import { begunCall } from '../../kit/call-rows.ts';
import { unaccountedNanoUsd } from '../../kit/outbox-steps.ts';
import { openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
let world: OutboxWorld;
beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a', 'cus_b'] });
});
afterEach(() => {
  expect(world.ledger.findings()).toEqual([]);
  expect(world.wrongMoves()).toEqual([]);
  expect(unaccountedNanoUsd(world.db)).toBe(0);
  world.close();
});

let calls = 0;
/** $0.0000004: four tokens from the cache. */
function tinyCall(startedAtMs = world.clock.nowMs()): string {
  const id = `call_tiny_${(calls += 1)}`;
  world.ledger.settle(begunCall(id, { startedAtMs, customer: 'cus_a' }), { cache_read_input_tokens: 4 });
  return id;
}

async function syncAfter(ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.sync();
}

const told = () => world.events().map(({ state, value }) => `${state} ${value}`);
const openShares = () =>
  world.db.prepare<[], number>('SELECT COUNT(*) FROM outbox_shares WHERE event_id IS NULL').pluck().get();
const remainder = () =>
  world.db.prepare<[], number>(`SELECT thousandths FROM remainders WHERE customer = 'cus_a'`).pluck().get();

it('minutes below a unit add up until they are one', async () => {
  for (let minute = 0; minute < 5; minute++) {
    tinyCall();
    await syncAfter(2 * minuteMs);
  }
  expect(told()).toEqual(['withdrawn 0', 'withdrawn 0', 'accepted 1', 'withdrawn 0', 'accepted 1']);
  expect(world.sums('cus_a').stripe).toBe(2n);
  expect(remainder()).toBe(0);
});

it('a minute below a unit is said to be that, is in nobody’s list, and stands in the month with what it leaves', async () => {
  tinyCall();
  await syncAfter(2 * minuteMs);
  expect(world.events()).toMatchObject([
    { state: 'withdrawn', lastAnswer: expect.stringContaining('less than one unit of its meter') },
  ]);
  expect(world.view()).toMatchObject({ events: [], eventsInAll: { done: 0 }, waitingEvents: 0, openNanoUsd: 400 });
  const [day] = world.month('cus_a', '2026-11').days;
  if (!day) throw new Error('the day has a call');
  expect(day).toMatchObject({ calls: 1, dueThousandths: 400, waitingThousandths: 0, remainderThousandths: 400 });
  expect(partsOfMonth(day).reduce((sum, { thousandths }) => sum + thousandths, 0)).toBe(day.dueThousandths);
});

it('a correction of a minute below a unit is in its sum at once, and a late call is a further event of it', async () => {
  const startedAtMs = world.clock.nowMs();
  const id = tinyCall();
  await syncAfter(2 * minuteMs);
  world.correct(id, { output: 1 });
  expect(openShares()).toBe(1);
  await syncAfter(minuteMs);
  expect(told()).toEqual(['accepted 10']);
  tinyCall(startedAtMs);
  await syncAfter(minuteMs);
  expect(told()).toEqual(['accepted 10', 'withdrawn 0']);
  expect(remainder()).toBe(800);
});

/** A call is corrected up a day late, which an item settles; then Stripe does not count its event, and the call is corrected down again. */
async function creditOf(): Promise<string> {
  const id = world.call({ customer: 'cus_a' });
  await syncAfter(2 * minuteMs);
  world.clock.advance(30 * hourMs);
  world.correct(id, { output: 50_000 });
  expect(await world.createItem('cus_a')).toMatchObject({ kind: 'created' });
  const [event] = world.events();
  if (!event) throw new Error('the call has an event');
  const code = 'meter_event_customer_not_found';
  for (const sent of world.stripe.state.events) sent.failure = code;
  const nowMs = world.clock.nowMs();
  const samples = [{ code, message: 'x', requestIdentifier: event.identifier }];
  const report = { id: 'evt_1', createdMs: nowMs, errorCount: 1, sentence: '', samples };
  recordReports(world.db, { reports: [report], readUpToMs: nowMs, nowMs });
  world.correct(id, { output: -50_000 });
  expect(retryEvent(world.db, { id: event.id, nowMs })).toBe(true);
  await world.sync();
  expect(told()).toEqual(['withdrawn 0']);
  return id;
}

it('a credit is used up by the minutes that follow, and keeps nobody’s minutes waiting', async () => {
  await creditOf();
  const credit = remainder() ?? 0;
  expect(credit).toBeLessThan(-400_000);
  const nowMs = world.clock.nowMs();
  world.calls(
    Array.from({ length: 600 }, (_, index) => ({ customer: 'cus_a', startedAtMs: nowMs + index * minuteMs })),
  );
  world.clock.advance(601 * minuteMs);
  world.call({ customer: 'cus_b' });
  await syncAfter(2 * minuteMs);
  expect(openShares()).toBe(0);
  expect(world.sums('cus_b').stripe).toBeGreaterThan(0n);
  const due = world.db
    .prepare<[], number>(`SELECT SUM(cost_nano_usd) FROM current_calls WHERE customer = 'cus_a'`)
    .pluck()
    .get();
  const settled = world.db.prepare<[], number>('SELECT SUM(amount_thousandths) FROM settled_differences').pluck().get();
  expect(Number(world.sums('cus_a').stripe)).toBe(Math.floor(((due ?? 0) - (settled ?? 0)) / 1_000));
});

it('a credit that turns out to be none is billed at once, also when it is used up', async () => {
  const id = await creditOf();
  const next = world.call({ customer: 'cus_a' });
  world.correct(next, { output: 100_000 });
  await syncAfter(2 * minuteMs);
  expect(remainder()).toBeLessThan(1_000);
  const before = world.sums('cus_a').stripe;
  world.correct(id, { output: 50_000 });
  await syncAfter(minuteMs);
  expect(world.sums('cus_a').stripe - before).toBe(500_000n);
  expect(remainder()).toBeLessThan(1_000);
});

it('a backup that takes the ledger’s place has its small minutes sealed, however many, and holds what may have been sent', () => {
  const nowMs = world.clock.nowMs();
  for (let minute = 0; minute < 501; minute++) tinyCall(nowMs + minute * minuteMs);
  const last = nowMs + 502 * minuteMs;
  world.call({ customer: 'cus_b', startedAtMs: last });
  const held = distrustOutbox(world.db, { backupAtMs: last, nowMs: last + hourMs });
  expect(openShares()).toBe(0);
  expect(held).toBe(201);
  expect(world.idsIn('unknown')).toHaveLength(201);
  // A restored outbox is distrusted, which is no move of an event.
  world.wrongMoves();
});

it('what is sealed is asked for until nothing is left, also where all of it is below a unit', () => {
  for (let minute = 0; minute < 3; minute++) tinyCall(world.clock.nowMs() + minute * 3 * minuteMs);
  world.clock.advance(hourMs);
  const question = { nowMs: world.clock.nowMs(), onTheirWay: [] };
  expect([sealClosedMinutes(world.db, question), sealClosedMinutes(world.db, question)]).toEqual([3, 0]);
});
