/** Steps of the outbox for tests that interleave them with corrections. */
import { sealClosedMinutes } from '../../main/ledger/outbox.ts';
import { recordAnswers } from '../../main/ledger/record-answers.ts';
import { takeDueEvents } from '../../main/ledger/take-due.ts';
import type { Db } from '../../main/system/db.ts';

/** After every call of these tests, and within Stripe's window: what is older is set aside instead of sent. */
const farAheadMs = Date.parse('2026-12-05T00:00:00Z');

/** Each step an hour later, so that whatever is closed is sealed. */
export function sealAndSend(db: Db, step: 'seal' | 'send' | 'nothing', number: number): void {
  const nowMs = farAheadMs + number * 3_600_000;
  if (step !== 'nothing') sealClosedMinutes(db, { nowMs, onTheirWay: [] });
  if (step !== 'send') return;
  for (const { id } of takeDueEvents(db, { nowMs, limit: 50 })) {
    recordAnswers(db, [
      {
        id,
        nowMs,
        state: 'accepted',
        nextAttemptAtMs: null,
        sentence: 'ok',
        mayHaveArrived: true,
        rejectionCode: null,
      },
    ]);
  }
}

/** Billed cost of every call that passed this machine, less what is sealed, open, carried, kept as a difference and settled: nothing may be left over. */
export function unaccountedNanoUsd(db: Db): number {
  const one = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? 0;
  const due = one(
    `SELECT SUM(cost_nano_usd) FROM current_calls WHERE source IN ('proxy', 'batch') AND customer IS NOT NULL`,
  );
  const sealed = one('SELECT SUM(value) * 1000 FROM meter_events');
  const carried = one('SELECT SUM(thousandths) FROM remainders');
  const open = one('SELECT SUM(amount_thousandths) FROM outbox_shares WHERE event_id IS NULL');
  const toSettle = one('SELECT SUM(due_thousandths - sent_thousandths) FROM billing_differences');
  const settled = one('SELECT SUM(amount_thousandths) FROM settled_differences');
  return due - sealed - carried - open - toSettle - settled;
}
