/**
 * What is carried from minute to minute, below a unit or a credit: however small the minutes, however large the credit and whatever is corrected meanwhile, every
 * closed minute is sealed at once, every event of nothing waits for nobody, and what is carried is less than a unit for each sum that changed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readCarryForwards } from '../../main/ledger/carry-forwards.ts';
import { recordReports } from '../../main/ledger/error-reports.ts';
import { beginItem, endItem } from '../../main/ledger/invoice-items.ts';
import { retryEvent } from '../../main/ledger/outbox-choices.ts';
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { recordAnswers } from '../../main/ledger/record-answers.ts';
import { takeDueEvents } from '../../main/ledger/take-due.ts';
import { decide } from '../../main/sync/decide.ts';
import { planSchema } from '../../shared/contract/plan.ts';
import { begunCall } from '../kit/call-rows.ts';
import { correctCall } from '../kit/correct-call.ts';
import { openLedgerDb } from '../kit/ledger-db.ts';
import { unaccountedNanoUsd } from '../kit/outbox-steps.ts';
import { watchMoves } from '../kit/outbox-world.ts';

const customer = 'cus_a';
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

type Step =
  | { readonly kind: 'call'; readonly cacheRead: number; readonly isSent: boolean }
  | { readonly kind: 'late_call'; readonly which: number }
  | { readonly kind: 'correct'; readonly which: number; readonly output: number }
  /** A call is corrected up too late, which an item settles; Stripe does not count its event, and the call is corrected down again. */
  | { readonly kind: 'credit'; readonly output: number }
  /** The last one that left a credit was right after all. */
  | { readonly kind: 'credit_taken_back' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom(1, 2, 4, 6, 9, 30, 300_000, 300_000), fc.boolean())
      .map(([cacheRead, isSent]): Step => ({ kind: 'call', cacheRead, isSent })),
  },
  { weight: 1, arbitrary: fc.nat(20).map((which): Step => ({ kind: 'late_call', which })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.nat(20), fc.constantFrom(-2, -1, 1, 2, 500))
      .map(([which, output]): Step => ({ kind: 'correct', which, output })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'credit_taken_back' }) },
  { weight: 1, arbitrary: fc.integer({ min: 1_000, max: 3_000 }).map((output): Step => ({ kind: 'credit', output })) },
);

describe('what is carried from minute to minute', () => {
  it.each(['cost', 'tokens'] as const)(
    'is less than a unit or a credit, and keeps no minute waiting, of plan %s',
    (plan) => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), (steps) => {
          const ledger = openLedgerDb(undefined, planSchema.parse({ kind: plan }));
          const { db } = ledger;
          db.pragma('synchronous = OFF');
          const wrongMoves = watchMoves(db);
          const startedAtMs: number[] = [];
          let nowMs = Date.parse('2026-11-02T00:00:00Z');
          let sumsChanged = 0;
          let credited = '';

          function call(atMs: number, cacheRead: number): void {
            startedAtMs.push(atMs);
            const begun = begunCall(`call_${startedAtMs.length}`, { customer, startedAtMs: atMs });
            ledger.settle(begun, { cache_read_input_tokens: cacheRead });
          }
          function seal(): void {
            nowMs += 2 * minuteMs;
            sealClosedMinutes(db, { nowMs, onTheirWay: [] });
            const open = db.prepare('SELECT 1 FROM outbox_shares WHERE event_id IS NULL').all();
            expect(open).toEqual([]);
          }
          function send(): string[] {
            const due = takeDueEvents(db, { nowMs, limit: 50, perPair: 50, readsInvoices: false });
            const accepted = (event: (typeof due)[number]) =>
              decide({ kind: 'accepted' }, { ...event, nowMs, fraction: 0.5 });
            recordAnswers(
              db,
              due.map((event) => ({ id: event.id, nowMs, ...accepted(event) })),
            );
            return due.map(({ identifier }) => identifier);
          }
          function correct(id: string, output: number): void {
            sumsChanged += 1;
            correctCall(ledger, id, { output });
          }
          function notCounted(identifiers: readonly string[]): void {
            const samples = identifiers.map((requestIdentifier) => ({
              code: 'archived_meter',
              message: 'x',
              requestIdentifier,
            }));
            const report = { id: `evt_${nowMs}`, createdMs: nowMs, errorCount: samples.length, sentence: '', samples };
            recordReports(db, { reports: [report], readUpToMs: nowMs, nowMs });
          }
          function credit(output: number): void {
            call(nowMs, 30);
            const id = `call_${startedAtMs.length}`;
            seal();
            const sent = send();
            nowMs += 30 * hourMs;
            correct(id, output);
            const [proposed] = readCarryForwards(db, nowMs);
            const begun = proposed && beginItem(db, { ...proposed, nowMs });
            if (begun?.kind === 'asked') endItem(db, { carried: begun.item.carried, kind: 'billed', item: 'ii' });
            notCounted(sent);
            correct(id, -output);
            credited = id;
            for (const eventId of db
              .prepare<[], string>(`SELECT id FROM meter_events WHERE state = 'rejected'`)
              .pluck()
              .all())
              retryEvent(db, { id: eventId, nowMs });
          }

          function lookAtCarried(): void {
            const carried = db.prepare<[], number>('SELECT thousandths FROM remainders').pluck().all();
            for (const thousandths of carried) expect(thousandths).toBeLessThan(1_000 * (1 + sumsChanged));
          }

          for (const one of steps) {
            if (one.kind === 'call') call(nowMs, one.cacheRead);
            if (one.kind === 'late_call') call(startedAtMs[one.which] ?? nowMs, 3);
            if (one.kind === 'correct' && one.which < startedAtMs.length) correct(`call_${one.which + 1}`, one.output);
            if (one.kind === 'credit') credit(one.output);
            if (one.kind === 'credit_taken_back' && credited) correct(credited, 1_000);
            seal();
            if (one.kind === 'call' && one.isSent) send();
            lookAtCarried();
          }
          const nothing = db.prepare(`SELECT 1 FROM meter_events WHERE (value = 0) <> (state = 'withdrawn')
            OR state = 'withdrawn' AND next_attempt_at_ms IS NOT NULL`);
          expect(nothing.all()).toEqual([]);
          expect(ledger.findings()).toEqual([]);
          expect(wrongMoves()).toEqual([]);
          if (plan === 'cost') expect(unaccountedNanoUsd(db)).toBe(0);
          ledger.close();
        }),
        { numRuns: 40 },
      );
    },
  );
});
