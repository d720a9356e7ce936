/**
 * What a call adds to its customer's meter, and what becomes of that when the call is corrected. Runs inside the caller's transaction.
 *
 * A share that waits follows its call: open, it is replaced; sealed and surely not sent, its event is opened again and sealed anew with the new sum.
 * A share that was sent, or may have been, stays as it was, since Stripe cannot be told twice; what it should have been is kept as a difference
 * to settle with the customer (`billing_differences`).
 * Only calls that passed this machine are billed from it: a transcript may be a subscription's, and a teammate's export is billed by the teammate.
 */
import { billableNanoUsd, markupBasisPoints } from '../../shared/billable.ts';
import type { CallRecord } from '../../shared/call.ts';
import type { Plan } from '../../shared/contract/plan.ts';
import { minuteOf } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';

type Seq = number | bigint;
export type Shares = {
  /** Whether anybody is billed for it. */
  readonly has: (call: CallRecord) => boolean;
  readonly add: (seq: Seq, call: CallRecord) => void;
  readonly correct: (seq: Seq, after: CallRecord) => void;
};

type StoredShare = {
  readonly seq: number;
  readonly customer: string;
  readonly meter: string;
  readonly minuteMs: number;
  readonly nano: number;
  readonly eventId: string | null;
  readonly isSent: number | null;
};

export function createShares(db: Db, plan: Plan): Shares {
  const insert = db.prepare<unknown[]>(
    'INSERT INTO outbox_shares (call_seq, customer, meter, minute_ms, billable_nano_usd) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = db.prepare<[number]>('DELETE FROM outbox_shares WHERE call_seq = ?');
  const read = db.prepare<[string], StoredShare>(
    `SELECT s.call_seq AS seq, s.customer, s.meter, s.minute_ms AS minuteMs, s.billable_nano_usd AS nano, s.event_id AS eventId,
            (e.first_sent_at_ms IS NOT NULL OR e.identifier <> e.id OR e.state = 'carried_forward') AS isSent
       FROM calls c JOIN outbox_shares s ON s.call_seq = c.seq LEFT JOIN meter_events e ON e.id = s.event_id WHERE c.id = ?`,
  );

  function has(call: CallRecord): boolean {
    return call.customer !== null && billableOf(call, plan) !== 0;
  }

  function add(seq: Seq, call: CallRecord): void {
    if (!has(call)) return;
    insert.run([seq, call.customer, plan.eventName, minuteOf(call.startedAtMs), billableOf(call, plan)]);
  }

  function correct(seq: Seq, after: CallRecord): void {
    const stored = read.all(after.id);
    const sent = stored.filter((share) => share.eventId !== null && share.isSent === 1);
    for (const share of stored) {
      if (sent.includes(share)) continue;
      if (share.eventId !== null) openEventAgain(db, share.eventId);
      remove.run(share.seq);
    }
    for (const share of sent) noteDifference(db, share, after, billableOf(after, plan));
    if (!sent.some((share) => share.customer === after.customer)) add(seq, after);
  }

  return { has, add, correct };
}

function billableOf(call: CallRecord, plan: Plan): number {
  if (call.source !== 'proxy' && call.source !== 'batch') return 0;
  return billableNanoUsd(call.costNanoUsd ?? 0, markupBasisPoints(plan, call.customer ?? ''));
}

/**
 * An event that was sealed and never left: its shares are open again and its remainder is what it would be without it. Σ shares in events =
 * 1000 × Σ values + remainder holds before and after.
 */
export function openEventAgain(db: Db, eventId: string): void {
  db.prepare('UPDATE outbox_shares SET event_id = NULL WHERE event_id = ?').run(eventId);
  db.prepare(
    `UPDATE remainders SET nano_usd = nano_usd + e.carried_in_nano - e.carried_out_nano
       FROM (SELECT customer, meter, carried_in_nano, carried_out_nano FROM meter_events WHERE id = ?) e
      WHERE remainders.customer = e.customer AND remainders.meter = e.meter`,
  ).run(eventId);
  db.prepare('DELETE FROM meter_events WHERE id = ?').run(eventId);
}

/**
 * Calls that were corrected while an attempt of their event was under way, which surely never arrived: Stripe was told nothing of them, so what was kept
 * as a difference is what is due. The event is opened again with it.
 */
export function foldDifferences(db: Db, eventId: string): void {
  const due = db
    .prepare<[string], { readonly seq: number; readonly nano: number }>(
      `SELECT s.call_seq AS seq, d.due_nano_usd AS nano
         FROM billing_differences d JOIN calls c ON c.id = d.call_id JOIN outbox_shares s ON s.call_seq = c.seq AND s.event_id = d.event_id
        WHERE d.event_id = ?`,
    )
    .all(eventId);
  if (due.length === 0) return;
  openEventAgain(db, eventId);
  const change = db.prepare<[number, number]>('UPDATE outbox_shares SET billable_nano_usd = ? WHERE call_seq = ?');
  const remove = db.prepare<[number]>('DELETE FROM outbox_shares WHERE call_seq = ?');
  for (const { seq, nano } of due) {
    if (nano === 0) remove.run(seq);
    else change.run(nano, seq);
  }
  db.prepare('DELETE FROM billing_differences WHERE event_id = ?').run(eventId);
}

function noteDifference(db: Db, share: StoredShare, after: CallRecord, billable: number): void {
  const due = share.customer === after.customer ? billable : 0;
  db.prepare('DELETE FROM billing_differences WHERE call_id = ? AND customer = ?').run(after.id, share.customer);
  if (due === share.nano) return;
  db.prepare(
    `INSERT INTO billing_differences (call_id, customer, meter, minute_ms, event_id, sent_nano_usd, due_nano_usd) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  ).run(after.id, share.customer, share.meter, share.minuteMs, share.eventId, share.nano, due);
}
