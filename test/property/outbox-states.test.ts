/**
 * Any sequence of seals, answers, reports, readings, corrections, cancellations, invoices, items, choices and kills, over any time: no event makes a move
 * that the states do not allow, none is sent again that Stripe may count, none is sent into an invoice that is final, what is delivered is counted and
 * nothing else is, no item is made twice, and every nano-dollar is in an event, open, carried, kept as a difference or settled.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { identifierLifeMs, windowMs } from '../../shared/meter-event.ts';
import { recordCancellation } from '../../main/ledger/cancellations.ts';
import { takeCancellations } from '../../main/ledger/take-cancellations.ts';
import { carryForward, readCarryForwards } from '../../main/ledger/carry-forwards.ts';
import { recordSubscriptions, standingOf } from '../../main/ledger/invoice-periods.ts';
import { askedItems, beginItem, endItem } from '../../main/ledger/invoice-items.ts';
import { recordDays } from '../../main/ledger/confirmations.ts';
import { recordReports } from '../../main/ledger/error-reports.ts';
import { heldMinutes, recordMinute } from '../../main/ledger/minute-readings.ts';
import { releaseSending, sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { recordAnswers } from '../../main/ledger/record-answers.ts';
import { takeDueEvents } from '../../main/ledger/take-due.ts';
import { retryEvent, setAsideEvent } from '../../main/ledger/outbox-choices.ts';
import { decideCancellation } from '../../main/sync/decide-cancellation.ts';
import { decide, type StripeAnswer } from '../../main/sync/decide.ts';
import type { Db } from '../../main/system/db.ts';
import { begunCall } from '../kit/call-rows.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import { metersOf } from '../../shared/plan-meters.ts';
import { openLedgerDb } from '../kit/ledger-db.ts';
import { unaccountedNanoUsd } from '../kit/outbox-steps.ts';
import { correctCall, type CallChange } from '../kit/correct-call.ts';
import { watchMoves, worldMeter } from '../kit/outbox-world.ts';
import { createStripeModel, type CancelTrouble } from '../kit/stripe-model.ts';

const customer = 'cus_a';
const tokenPlan = planSchema.parse({ kind: 'tokens' });

/** What items cover, less their cents and what they left: nothing may be left over. */
function itemsUnaccounted(db: Db): number {
  const one = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? 0;
  const covered = one(`SELECT SUM(worth_nano_usd - rest_before_nano_usd) FROM carry_forwards WHERE state <> 'dropped'`);
  const cents = one(
    `SELECT SUM(CASE WHEN cents IS NULL THEN worth_nano_usd ELSE cents * 10000000 END) FROM carry_forwards WHERE state <> 'dropped'`,
  );
  return covered - cents - one('SELECT SUM(nano_usd) FROM carry_rests');
}

/** Of a token plan: the tokens of every call, less where they stand; and events whose worth is not that of their calls. */
function tokensUnaccounted(db: Db): readonly unknown[] {
  const one = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? 0;
  const due = one('SELECT SUM(input_tokens + output_tokens + cache_read_tokens) * 1000 FROM current_calls');
  const here =
    one('SELECT SUM(value) * 1000 FROM meter_events') +
    one('SELECT SUM(thousandths) FROM remainders') +
    one('SELECT SUM(amount_thousandths) FROM outbox_shares WHERE event_id IS NULL') +
    one('SELECT SUM(due_thousandths - sent_thousandths) FROM billing_differences') +
    one('SELECT SUM(amount_thousandths) FROM settled_differences');
  const worth =
    one('SELECT SUM(cost_nano_usd) FROM current_calls') -
    one('SELECT SUM(worth_nano_usd) FROM outbox_shares') -
    one('SELECT SUM(due_worth_nano_usd - sent_worth_nano_usd) FROM billing_differences') -
    one('SELECT SUM(worth_nano_usd) FROM settled_differences');
  const wrongEvents = db
    .prepare<[], string>(
      `SELECT e.id FROM meter_events e LEFT JOIN outbox_shares s ON s.event_id = e.id
        GROUP BY e.id HAVING e.worth_nano_usd <> COALESCE(SUM(s.worth_nano_usd), 0)`,
    )
    .pluck()
    .all();
  return [...(due === here ? [] : [due - here]), ...(worth === 0 ? [] : [`worth ${worth}`]), ...wrongEvents];
}
const answers: readonly StripeAnswer[] = [
  { kind: 'accepted' },
  { kind: 'duplicate' },
  { kind: 'not_connected', reason: 'ECONNREFUSED' },
  { kind: 'no_answer', reason: 'reset' },
  { kind: 'rate_limited', reason: 'endpoint-rate', retryAfterMs: 2_000 },
  { kind: 'busy', reason: 'busy', retryAfterMs: null },
  { kind: 'not_authorized', reason: 'key' },
  { kind: 'refused', reason: 'no meter', code: 'no_meter' },
  { kind: 'refused', reason: 'too old', code: 'timestamp_too_far_in_past' },
];

const startMs = Date.parse('2026-11-02T00:00:00Z');
const minuteMs = 60_000;
const hourMs = 3_600_000;
const waitsMs = [minuteMs, 20 * minuteMs, 2 * hourMs, 8 * hourMs, identifierLifeMs - hourMs, 30 * hourMs];

type Step =
  /** A call whose minute is over and sealed. */
  | { readonly kind: 'call' | 'late_call' | 'kill' | 'carry' }
  /** A call that is delivered, and corrected: what most of the moves below begin with. */
  | { readonly kind: 'delivered_and_corrected'; readonly change: CallChange }
  /** `which`: of the calls; what its output costs more or less, or whether it is somebody else's. */
  | { readonly kind: 'correct'; readonly which: number; readonly change: CallChange }
  | ({ readonly kind: 'cancel' } & { readonly trouble: CancelTrouble })
  /** What is read of the customer's subscription: its period began with the test. */
  | { readonly kind: 'invoice'; readonly state: 'none' | 'running' | 'draft' | 'final'; readonly days: number }
  /** An invoice item: how the request for it ends, and whether Stripe made it where no answer says so. */
  | { readonly kind: 'item'; readonly ends: 'created' | 'refused' | 'lost'; readonly isMade: boolean }
  | { readonly kind: 'find_items' }
  | { readonly kind: 'wait'; readonly ms: number }
  /** `isCounted`: whether Stripe counts what left; only an answer that says so tells. */
  | { readonly kind: 'send'; readonly answer: StripeAnswer; readonly isCounted: boolean }
  | { readonly kind: 'report' | 'retry' | 'set_aside'; readonly which: number }
  /** How far the summary is behind. */
  | { readonly kind: 'read'; readonly lagMs: number };

const cancelTrouble: fc.Arbitrary<CancelTrouble> = fc.record({
  kind: fc.constantFrom(
    'answered' as const,
    'answered' as const,
    'lost' as const,
    'failed' as const,
    'not_done' as const,
  ),
  isDone: fc.boolean(),
});
const change: fc.Arbitrary<CallChange> = fc.oneof(
  fc.constantFrom(-5, -1, 3, 40).map((output) => ({ output })),
  fc.constant({ cacheRead: 1 }),
  fc.constantFrom('cus_a', 'cus_b').map((of) => ({ customer: of })),
);
const noAnswer: StripeAnswer = { kind: 'no_answer', reason: 'reset' };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: change.map((to): Step => ({ kind: 'delivered_and_corrected', change: to })) },
  { weight: 4, arbitrary: fc.constantFrom<Step>({ kind: 'call' }, { kind: 'call' }, { kind: 'late_call' }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: 'kill' }, { kind: 'carry' }) },
  { weight: 6, arbitrary: fc.constantFrom(...waitsMs).map((ms): Step => ({ kind: 'wait', ms })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'wait', ms: windowMs }) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...answers, noAnswer, noAnswer, noAnswer), fc.boolean())
      .map(([answer, isCounted]): Step => ({ kind: 'send', answer, isCounted })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('report' as const, 'retry' as const, 'set_aside' as const), fc.nat(5))
      .map(([kind, which]): Step => ({ kind, which })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(5), change).map(([which, to]): Step => ({ kind: 'correct', which, change: to })),
  },
  { weight: 4, arbitrary: cancelTrouble.map((trouble): Step => ({ kind: 'cancel', trouble })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('none' as const, 'none' as const, 'running' as const, 'draft' as const, 'final' as const),
        fc.nat(20),
      )
      .map(([state, days]): Step => ({ kind: 'invoice', state, days })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('created' as const, 'refused' as const, 'lost' as const, 'lost' as const), fc.boolean())
      .map(([ends, isMade]): Step => ({ kind: 'item', ends, isMade })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'find_items' }) },
  { weight: 4, arbitrary: fc.constantFrom(0, hourMs, 5 * hourMs).map((lagMs): Step => ({ kind: 'read', lagMs })) },
);

describe('the states of a meter event', () => {
  it.each([
    { kind: 'cost', meters: [worldMeter] },
    { kind: 'tokens', meters: metersOf(tokenPlan, []).map(({ eventName }) => eventName) },
  ] as const)(
    'hold under any sequence of answers, corrections, cancellations, invoices, items, reports, readings, choices and kills, of plan $kind',
    ({ kind, meters }) => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (steps) => {
          const ledger = openLedgerDb(undefined, planSchema.parse({ kind }));
          const { db } = ledger;
          db.pragma('synchronous = OFF');
          const wrongMoves = watchMoves(db);
          const stripe = createStripeModel();
          const items = new Map<string, number>();
          const made: string[] = [];
          let nowMs = startMs;
          let calls = 0;

          const ids = () =>
            db.prepare<[], string>('SELECT id FROM meter_events ORDER BY sealed_at_ms, id').pluck().all();
          function send(answer: StripeAnswer, isCounted: boolean): void {
            for (const event of takeDueEvents(db, { nowMs, limit: 5, readsInvoices: true })) {
              const takenAtMs = stripe.takenAtMs(event.identifier);
              const isKnown = takenAtMs !== null;
              // While Stripe keeps an identifier, a second send of it is a duplicate and harmless.
              if (isKnown) expect(nowMs - takenAtMs).toBeLessThanOrEqual(24 * hourMs);
              expect(['none', 'open']).toContain(standingOf(db, event, nowMs).kind);
              const mayCount = answer.kind === 'no_answer' || answer.kind === 'busy';
              const told: StripeAnswer = isKnown && answer.kind === 'accepted' ? { kind: 'duplicate' } : answer;
              const isTaken =
                told.kind === 'accepted' || (told.kind === 'duplicate' && !isKnown) || (mayCount && isCounted);
              if (isTaken && !isKnown) stripe.take(event.identifier, event, nowMs);
              recordAnswers(db, [{ id: event.id, nowMs, ...decide(told, { ...event, nowMs, fraction: 0.5 }) }]);
            }
          }
          function report(which: number): void {
            const identifier = stripe.counted()[which];
            if (identifier === undefined) return;
            stripe.reject(identifier);
            const sample = { code: 'archived_meter', message: 'archived', requestIdentifier: `${identifier}~2` };
            const found = { id: `evt_${identifier}`, createdMs: nowMs, errorCount: 1, sentence: '', samples: [sample] };
            recordReports(db, { reports: [found], readUpToMs: nowMs, nowMs });
          }
          function read(lagMs: number): void {
            recordReports(db, { reports: [], readUpToMs: nowMs, nowMs });
            for (const minute of heldMinutes(db, { nowMs, limit: 10 })) {
              const range = { fromMs: minute.minuteMs, toMs: minute.minuteMs + minuteMs };
              const stripeValue = stripe.summary(minute, range, nowMs - lagMs);
              recordMinute(db, { ...minute, stripeValue, nowMs });
            }
            const days = Array.from(
              { length: 90 },
              (_, day) => startMs - (startMs % (24 * hourMs)) + day * 24 * hourMs,
            );
            for (const pair of [customer, 'cus_b'].flatMap((of) => meters.map((meter) => ({ customer: of, meter })))) {
              const sums = days.map((dayMs) => ({
                dayMs,
                stripeValue: stripe.summary(pair, { fromMs: dayMs, toMs: dayMs + 24 * hourMs }, nowMs - lagMs),
              }));
              recordDays(db, { ...pair, fromMs: 0, toMs: nowMs, sums, nowMs });
            }
          }
          function cancel(trouble: CancelTrouble): void {
            for (const due of takeCancellations(db, { nowMs, limit: 5 })) {
              const key = `${due.identifier}~${due.keyNumber}`;
              const answer = stripe.cancel({ identifier: due.identifier, key, nowMs }, trouble);
              recordCancellation(db, {
                identifier: due.identifier,
                nowMs,
                ...decideCancellation(answer, { ...due, nowMs, fraction: 0.5 }),
              });
            }
          }
          function readInvoice(state: 'none' | 'running' | 'draft' | 'final', days: number): void {
            const period = {
              meter: meters[0] ?? '',
              subscription: 'sub_1',
              startMs,
              endMs: startMs + days * 24 * hourMs,
              invoice: null,
            };
            const periods = state === 'none' ? [] : [{ ...period, state, finalizesAtMs: null }];
            recordSubscriptions(db, { customer, periods, nowMs });
            recordSubscriptions(db, { customer: 'cus_b', periods: [], nowMs });
          }
          function makeItem(ends: 'created' | 'refused' | 'lost', isMade: boolean): void {
            const [proposed] = readCarryForwards(db, nowMs);
            if (!proposed) return;
            const begun = beginItem(db, { ...proposed, nowMs });
            if (begun.kind !== 'asked') return;
            const { carried, reference, cents } = begun.item;
            if (items.has(reference)) return endItem(db, { carried, kind: 'billed', item: 'ii' });
            const exists = ends === 'created' || (ends === 'lost' && isMade);
            if (exists) {
              items.set(reference, cents);
              made.push(reference);
            }
            if (ends === 'created') endItem(db, { carried, kind: 'billed', item: 'ii' });
            else if (ends === 'refused') endItem(db, { carried, kind: 'dropped', sentence: 'no' });
            else endItem(db, { carried, kind: 'unknown', sentence: 'lost' });
          }
          function findItems(): void {
            for (const { carried, reference } of askedItems(db))
              endItem(
                db,
                items.has(reference)
                  ? { carried, kind: 'billed', item: 'ii' }
                  : { carried, kind: 'dropped', sentence: 'not there' },
              );
          }
          function callAt(startedAtMs: number): void {
            ledger.settle(begunCall(`call_${(calls += 1)}`, { customer, startedAtMs }), {
              input_tokens: 100_000,
              output_tokens: 10,
            });
            nowMs += 2 * minuteMs;
            sealClosedMinutes(db, { nowMs, onTheirWay: [] });
          }

          for (const one of steps) {
            const id = 'which' in one ? (ids()[one.which] ?? '') : '';
            if (one.kind === 'wait') nowMs += one.ms;
            if (one.kind === 'call') callAt(nowMs);
            if (one.kind === 'late_call') callAt(startMs);
            if (one.kind === 'send') send(one.answer, one.isCounted);
            if (one.kind === 'kill') {
              takeDueEvents(db, { nowMs, limit: 1 });
              takeCancellations(db, { nowMs, limit: 1 });
              releaseSending(db);
            }
            if (one.kind === 'correct' && one.which < calls) correctCall(ledger, `call_${one.which + 1}`, one.change);
            if (one.kind === 'delivered_and_corrected') {
              callAt(nowMs);
              // A key that may not read them: what was known stays.
              for (const of of [customer, 'cus_b']) recordSubscriptions(db, { customer: of, periods: null, nowMs });
              send({ kind: 'accepted' }, true);
              correctCall(ledger, `call_${calls}`, one.change);
            }
            if (one.kind === 'cancel') cancel(one.trouble);
            if (one.kind === 'invoice') readInvoice(one.state, one.days);
            if (one.kind === 'item') makeItem(one.ends, one.isMade);
            if (one.kind === 'find_items') findItems();
            if (one.kind === 'report') report(one.which);
            if (one.kind === 'retry') retryEvent(db, { id, nowMs });
            if (one.kind === 'set_aside') setAsideEvent(db, { id, nowMs });
            if (one.kind === 'read') read(one.lagMs);
            if (one.kind === 'carry')
              for (const { customer: of, nanoUsd } of readCarryForwards(db, nowMs))
                carryForward(db, { customer: of, nanoUsd, nowMs });
          }
          expect(wrongMoves()).toEqual([]);
          if (kind === 'cost') expect(unaccountedNanoUsd(db)).toBe(0);
          else expect(tokensUnaccounted(db)).toEqual([]);
          expect(ledger.findings()).toEqual([]);
          // What Stripe counts under an identifier that was given up is counted a second time under the next one.
          const spent = db.prepare<[], string>('SELECT identifier FROM spent_identifiers').pluck().all();
          expect(spent.filter((identifier) => stripe.isCounted(identifier))).toEqual([]);
          const events = db
            .prepare<[], { identifier: string; state: string }>('SELECT identifier, state FROM meter_events')
            .all();
          const delivered = events.filter(({ state }) => state === 'accepted' || state === 'confirmed');
          expect(delivered.filter(({ identifier }) => !stripe.isCounted(identifier))).toEqual([]);
          const surelyNot = events.filter(({ state }) => state === 'sealed' || state === 'withdrawn');
          expect(surelyNot.filter(({ identifier }) => stripe.isCounted(identifier))).toEqual([]);
          expect(new Set(made).size).toBe(made.length);
          const dropped = db
            .prepare<[], string>(`SELECT reference FROM carry_forwards d WHERE state = 'dropped' AND NOT EXISTS (
          SELECT 1 FROM carry_forwards b WHERE b.reference = d.reference AND b.state <> 'dropped')`)
            .pluck()
            .all();
          expect(dropped.filter((reference) => items.has(reference))).toEqual([]);
          expect(itemsUnaccounted(db)).toBe(0);
          ledger.close();
        }),
        { numRuns: 80 },
      );
    },
  );
});
