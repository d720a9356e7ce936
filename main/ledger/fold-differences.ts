/**
 * Corrections that are folded into the sum of their event, since Stripe surely counts nothing of it: it never arrived, was found not to count, or was
 * cancelled. The event keeps its id, whatever it is sent under, so that the way from an old identifier to its calls stays. Runs inside the caller's
 * transaction. Σ shares in events = the events' values + remainder holds before and after.
 */
import assert from 'node:assert/strict';

import { foldMinute, meterEventIdentifier } from '../../shared/meter-event.ts';
import { nanoUsdPerMicroUsd } from '../../shared/money.ts';
import type { MeterUnit } from '../../shared/plan-meters.ts';
import type { Db } from '../system/db.ts';
import { ledgerIdOf } from './ledger-id.ts';
import { settledOf } from './settled-differences.ts';

/** Whoever calls this knows that Stripe does not count the event. Without differences nothing changes. */
export function foldDifferences(db: Db, eventId: string): void {
  if (applyDifferences(db, eventId)) sumAnew(db, eventId);
}

/** Only where the event waits and surely was never sent under its present identifier. */
export function foldWhereUnsent(db: Db, eventId: string): void {
  const isUnsent = db
    .prepare<[string], number>(
      `SELECT 1 FROM meter_events
        WHERE id = ? AND state IN ('sealed', 'withdrawn', 'rejected', 'set_aside') AND first_sent_at_ms IS NULL AND carry_forward IS NULL`,
    )
    .pluck();
  if (isUnsent.get(eventId) !== undefined) foldDifferences(db, eventId);
}

type Difference = {
  readonly seq: number;
  readonly callId: string;
  readonly customer: string;
  readonly meter: string;
  readonly due: number;
  /** Null while it has no price. */
  readonly dueWorth: number | null;
};

/** The differences become part of the shares. What an invoice item settled already is in neither. Returns whether there were any. */
export function applyDifferences(db: Db, eventId: string): boolean {
  const differences = db
    .prepare<[string], Difference>(
      `SELECT s.call_seq AS seq, d.call_id AS callId, d.customer, d.meter, d.due_thousandths AS due, d.due_worth_nano_usd AS dueWorth
         FROM billing_differences d JOIN calls c ON c.id = d.call_id
         JOIN outbox_shares s ON s.call_seq = c.seq AND s.meter = d.meter AND s.event_id = d.event_id
        WHERE d.event_id = ?`,
    )
    .all(eventId);
  if (differences.length === 0) return false;
  const change = db.prepare(
    'UPDATE outbox_shares SET amount_thousandths = ?, worth_nano_usd = ? WHERE call_seq = ? AND meter = ?',
  );
  const remove = db.prepare('DELETE FROM outbox_shares WHERE call_seq = ? AND meter = ?');
  for (const { seq, meter, due, dueWorth, ...call } of differences) {
    const settled = settledOf(db, { ...call, meter });
    const amount = due - settled.amount;
    const worth = dueWorth === null ? null : dueWorth - settled.worth;
    // A share of nothing is none; where an item has settled something of the call, the rest stays, and may be less than nothing.
    if (due === 0 && amount === 0 && (worth ?? 0) === 0) remove.run(seq, meter);
    else change.run(amount, worth, seq, meter);
  }
  db.prepare('DELETE FROM billing_differences WHERE event_id = ?').run(eventId);
  return true;
}

type Summed = {
  readonly customer: string;
  readonly meter: string;
  readonly minuteMs: number;
  readonly revision: number;
  readonly state: string;
  readonly unit: MeterUnit;
  readonly carriedInThousandths: number;
  readonly carriedOutThousandths: number;
  readonly amount: number;
  /** As far as it is known. */
  readonly worth: number;
  readonly unpriced: number;
  readonly calls: number;
};

function readSummed(db: Db, eventId: string): Summed {
  const event = db
    .prepare<[string], Summed>(
      `SELECT e.customer, e.meter, e.minute_ms AS minuteMs, e.revision, e.state, e.unit,
              e.carried_in_thousandths AS carriedInThousandths, e.carried_out_thousandths AS carriedOutThousandths,
              COALESCE(SUM(s.amount_thousandths), 0) AS amount, COALESCE(SUM(s.worth_nano_usd), 0) AS worth,
              COUNT(s.call_seq) - COUNT(s.worth_nano_usd) AS unpriced, COUNT(s.call_seq) AS calls
         FROM meter_events e LEFT JOIN outbox_shares s ON s.event_id = e.id WHERE e.id = ? GROUP BY e.id`,
    )
    .get(eventId);
  assert(event, 'an event whose sum changes stands in the outbox');
  return event;
}

/** What the event would be told as, with the differences in it, in the meter's unit. */
export function valueWithDifferences(db: Db, eventId: string): number {
  const { amount, carriedInThousandths } = readSummed(db, eventId);
  const more = db
    .prepare<[string], number>(
      'SELECT COALESCE(SUM(due_thousandths - sent_thousandths), 0) FROM billing_differences WHERE event_id = ?',
    )
    .pluck();
  return foldMinute(amount + (more.get(eventId) ?? 0), carriedInThousandths).value;
}

/** Whether these differences change what Stripe would be told; when not, they are folded with the remainder, and nobody has to be told. */
export function foldBelowUnit(db: Db, eventId: string, value: number): boolean {
  if (valueWithDifferences(db, eventId) !== value) return false;
  applyDifferences(db, eventId);
  writeSum(db, eventId);
  return true;
}

/** An event that is sent (again): its value and its identifier follow its calls. With nothing due it is withdrawn; with something again, it waits. */
export function sumAnew(db: Db, eventId: string): void {
  const event = writeSum(db, eventId);
  const identifier = meterEventIdentifier({ ledgerId: ledgerIdOf(db), ...event });
  db.prepare(
    `UPDATE meter_events SET identifier = @identifier,
            state = CASE WHEN @value = 0 THEN 'withdrawn' WHEN state = 'withdrawn' THEN 'sealed' ELSE state END,
            next_attempt_at_ms = CASE WHEN @value = 0 THEN NULL WHEN state = 'withdrawn' THEN 0 ELSE next_attempt_at_ms END
      WHERE id = @id`,
  ).run({ id: eventId, identifier, value: event.value });
  if (event.value > 0) return;
  db.prepare('UPDATE meter_events SET last_answer = ? WHERE id = ?').run(
    'Nothing of it is due to this customer any more, so nothing is sent in its place.',
    eventId,
  );
}

/**
 * What was carried to it. One that left a credit is summed as if it were the last: later minutes may have used the credit up, and what it no longer is would
 * stay in the remainder until the customer's next call, or for ever.
 */
function carriedTo(db: Db, { customer, meter, carriedInThousandths, carriedOutThousandths }: Summed): number {
  if (carriedOutThousandths >= 0) return carriedInThousandths;
  const remainder = db
    .prepare<[string, string], number>('SELECT thousandths FROM remainders WHERE customer = ? AND meter = ?')
    .pluck();
  return (remainder.get(customer, meter) ?? 0) + carriedInThousandths - carriedOutThousandths;
}

function writeSum(db: Db, eventId: string): Summed & { readonly value: number } {
  const event = readSummed(db, eventId);
  const carriedInThousandths = carriedTo(db, event);
  const { value, carriedOutThousandths } = foldMinute(event.amount, carriedInThousandths);
  db.prepare(
    `UPDATE meter_events SET value = @value, calls = @calls, worth_nano_usd = @worth, unpriced_calls = @unpriced,
            carried_in_thousandths = @carriedInThousandths, carried_out_thousandths = @carriedOutThousandths WHERE id = @id`,
  ).run({
    id: eventId,
    value,
    calls: event.calls,
    // As it is sealed (outbox.ts): of money the value, of tokens what they cost.
    worth: event.unit === 'micro_usd' ? value * nanoUsdPerMicroUsd : event.worth,
    unpriced: event.unpriced,
    carriedInThousandths,
    carriedOutThousandths,
  });
  db.prepare('UPDATE remainders SET thousandths = thousandths + ? WHERE customer = ? AND meter = ?').run(
    carriedOutThousandths - event.carriedOutThousandths - (carriedInThousandths - event.carriedInThousandths),
    event.customer,
    event.meter,
  );
  return { ...event, value };
}
