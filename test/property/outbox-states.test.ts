/**
 * Any sequence of seals, answers, reports, readings, corrections, choices and kills, over any time: no event makes a move that the states do not
 * allow, none is sent again that Stripe may count, and every nano-dollar is in an event, open, carried or kept as a difference.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { identifierLifeMs, windowMs } from '../../shared/meter-event.ts';
import { carryForward, readCarryForwards } from '../../main/ledger/carry-forwards.ts';
import { recordDays } from '../../main/ledger/confirmations.ts';
import { recordReports } from '../../main/ledger/error-reports.ts';
import { heldMinutes, recordMinute } from '../../main/ledger/minute-readings.ts';
import { releaseSending, sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { recordAnswers } from '../../main/ledger/record-answers.ts';
import { takeDueEvents } from '../../main/ledger/take-due.ts';
import { retryEvent, setAsideEvent } from '../../main/ledger/outbox-choices.ts';
import { decide, type StripeAnswer } from '../../main/sync/decide.ts';
import { begunCall } from '../kit/call-rows.ts';
import { openLedgerDb } from '../kit/ledger-db.ts';
import { unaccountedNanoUsd } from '../kit/outbox-steps.ts';
import { watchMoves, worldMeter } from '../kit/outbox-world.ts';

const customer = 'cus_a';
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
  | { readonly kind: 'wait'; readonly ms: number }
  /** `isCounted`: whether Stripe counts what left; only an answer that says so tells. */
  | { readonly kind: 'send'; readonly answer: StripeAnswer; readonly isCounted: boolean }
  | { readonly kind: 'report' | 'retry' | 'set_aside'; readonly which: number }
  /** How far the summary is behind. */
  | { readonly kind: 'read'; readonly lagMs: number };

const noAnswer: StripeAnswer = { kind: 'no_answer', reason: 'reset' };
const step: fc.Arbitrary<Step> = fc.oneof(
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
  { weight: 4, arbitrary: fc.constantFrom(0, hourMs, 5 * hourMs).map((lagMs): Step => ({ kind: 'read', lagMs })) },
);

describe('the states of a meter event', () => {
  it('hold under any sequence of answers, reports, readings, choices and kills', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        const ledger = openLedgerDb();
        const { db } = ledger;
        db.pragma('synchronous = OFF');
        const wrongMoves = watchMoves(db);
        /** What Stripe counts: identifier → minute, value and when it came. */
        const counted = new Map<string, { minuteMs: number; value: number; atMs: number }>();
        let nowMs = startMs;
        let calls = 0;

        const ids = () => db.prepare<[], string>('SELECT id FROM meter_events ORDER BY sealed_at_ms, id').pluck().all();
        function send(answer: StripeAnswer, isCounted: boolean): void {
          for (const event of takeDueEvents(db, { nowMs, limit: 5 })) {
            const known = counted.get(event.identifier);
            // While Stripe keeps an identifier, a second send of it is a duplicate and harmless.
            if (known) expect(nowMs - known.atMs).toBeLessThanOrEqual(24 * hourMs);
            const mayCount = answer.kind === 'no_answer' || answer.kind === 'busy';
            const told: StripeAnswer = known && answer.kind === 'accepted' ? { kind: 'duplicate' } : answer;
            const isTaken =
              told.kind === 'accepted' || (told.kind === 'duplicate' && !known) || (mayCount && isCounted);
            if (isTaken && !known) counted.set(event.identifier, { ...event, atMs: nowMs });
            recordAnswers(db, [{ id: event.id, nowMs, ...decide(told, { ...event, nowMs, fraction: 0.5 }) }]);
          }
        }
        function report(which: number): void {
          const identifier = [...counted.keys()][which];
          if (identifier === undefined) return;
          counted.delete(identifier);
          const sample = { code: 'archived_meter', message: 'archived', requestIdentifier: `${identifier}~2` };
          const found = { id: `evt_${identifier}`, createdMs: nowMs, errorCount: 1, sentence: '', samples: [sample] };
          recordReports(db, { reports: [found], readUpToMs: nowMs, nowMs });
        }
        function read(lagMs: number): void {
          recordReports(db, { reports: [], readUpToMs: nowMs, nowMs });
          const seen = [...counted.values()].filter(({ atMs }) => atMs <= nowMs - lagMs);
          for (const minute of heldMinutes(db, { nowMs, limit: 10 })) {
            const inMinute = seen.filter((event) => event.minuteMs === minute.minuteMs);
            const stripeValue = inMinute.reduce((sum, { value }) => sum + value, 0);
            recordMinute(db, { ...minute, stripeValue, nowMs });
          }
          const days = new Map<number, number>();
          for (const { minuteMs: at, value } of seen) {
            const day = Math.floor(at / (24 * hourMs)) * 24 * hourMs;
            days.set(day, (days.get(day) ?? 0) + value);
          }
          const sums = [...days].map(([dayMs, stripeValue]) => ({ dayMs, stripeValue }));
          recordDays(db, { customer, meter: worldMeter, fromMs: 0, toMs: nowMs, sums, nowMs });
        }
        function callAt(startedAtMs: number): void {
          ledger.settle(begunCall(`call_${(calls += 1)}`, { customer, startedAtMs }));
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
            releaseSending(db);
          }
          if (one.kind === 'report') report(one.which);
          if (one.kind === 'retry') retryEvent(db, { id, nowMs });
          if (one.kind === 'set_aside') setAsideEvent(db, { id, nowMs });
          if (one.kind === 'read') read(one.lagMs);
          if (one.kind === 'carry')
            for (const { nanoUsd } of readCarryForwards(db)) carryForward(db, { customer, nanoUsd, nowMs });
        }
        expect(wrongMoves()).toEqual([]);
        expect(unaccountedNanoUsd(db)).toBe(0);
        expect(ledger.findings()).toEqual([]);
        // What Stripe counts under an identifier that was given up is counted a second time under the next one.
        const spent = db.prepare<[], string>('SELECT identifier FROM spent_identifiers').pluck().all();
        expect(spent.filter((identifier) => counted.has(identifier))).toEqual([]);
        ledger.close();
      }),
      { numRuns: 100 },
    );
  });
});
