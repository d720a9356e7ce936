/**
 * What a call adds to its customer's meters, and what becomes of that when the call is corrected. Runs inside the caller's transaction.
 *
 * A share that waits follows its call: open, it is replaced; sealed and surely not sent, its event is opened again and sealed anew with the new sum.
 * A share that was sent, or may have been, stays as it was, since Stripe cannot be told twice; what it should have been is kept as a difference
 * (`billing_differences`): folded in when Stripe counts nothing of its event (fold-differences.ts), told by cancelling the event within 24 hours
 * (cancellations.ts), or settled by an invoice item (carry-forwards.ts). Where only the price of tokens changed, what Stripe is told is right as it is; on an
 * invoice item they stand as money, so there it is a difference like any other.
 * The plan is that of the minute in which the call started; of a call that Stripe was told of, the plan under which it was told, and the name that its
 * model had then. Which calls are billed, and for what: shared/due-shares.ts.
 */
import type { CallRecord } from '../../shared/call.ts';
import type { Plan } from '../../shared/contract/plan.ts';
import { dueShares, isBilledFromHere, type DueShare } from '../../shared/due-shares.ts';
import { minuteOf } from '../../shared/period.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import type { Db } from '../system/db.ts';
import { linesOf, type Lines } from './charge-text.ts';
import { foldWhereUnsent } from './fold-differences.ts';
import type { PlansInForce } from './plans-in-force.ts';
import { settledOf } from './settled-differences.ts';
import { createShareInserts } from './share-inserts.ts';

type Seq = number | bigint;
/** Due under a plan; `plan` null is one of before plans were dated. */
export type SharesDue = { readonly plan: number | null; readonly minuteMs: number; readonly due: readonly DueShare[] };

export type Shares = {
  /** What anybody is billed for it: nothing is an empty list. */
  readonly of: (call: CallRecord, lines: Lines) => SharesDue;
  readonly add: (seq: Seq, customer: string | null, shares: SharesDue) => void;
  readonly correct: (seq: Seq, after: CallRecord, lines: Lines) => void;
  /** Before the shares are read, and before the transaction ends. */
  readonly flush: () => void;
  /** The transaction failed: nothing of it counts. */
  readonly forget: () => void;
};

export type SharesRules = { readonly plans: PlansInForce; readonly book: () => PriceBook };

const nothingDue: SharesDue = { plan: null, minuteMs: 0, due: [] };

type StoredShare = {
  readonly seq: number;
  readonly customer: string;
  readonly meter: string;
  readonly model: string | null;
  readonly minuteMs: number;
  readonly amount: number;
  readonly worth: number | null;
  readonly plan: number | null;
  readonly eventId: string | null;
  readonly isSent: number | null;
  /** On an invoice item, or asked for as one. */
  readonly isCarried: number | null;
};

export function createShares(db: Db, { plans, book }: SharesRules): Shares {
  const inserts = createShareInserts(db);
  const remove = db.prepare<[number, string]>('DELETE FROM outbox_shares WHERE call_seq = ? AND meter = ?');
  const read = db.prepare<[string], StoredShare>(
    `SELECT s.call_seq AS seq, s.customer, s.meter, u.model, s.minute_ms AS minuteMs, s.amount_thousandths AS amount, s.worth_nano_usd AS worth, s.plan,
            s.event_id AS eventId, e.carry_forward IS NOT NULL AS isCarried,
            (e.first_sent_at_ms IS NOT NULL OR e.identifier <> e.id OR e.carry_forward IS NOT NULL OR e.state = 'carried_forward') AS isSent
       FROM calls c JOIN outbox_shares s ON s.call_seq = c.seq LEFT JOIN meter_units u USING (meter) LEFT JOIN meter_events e ON e.id = s.event_id
      WHERE c.id = ?`,
  );
  const nameOf = (model: string) => book().find(model)?.id ?? model;

  function dueOf(call: CallRecord, lines: Lines, plan: Plan): readonly DueShare[] {
    return dueShares({ call, nameOf, lines: () => (typeof lines === 'string' ? linesOf(lines) : lines) }, plan);
  }

  function of(call: CallRecord, lines: Lines): SharesDue {
    if (!isBilledFromHere(call)) return nothingDue;
    const minuteMs = minuteOf(call.startedAtMs);
    const { seq, plan } = plans.at(minuteMs);
    return { plan: seq, minuteMs, due: dueOf(call, lines, plan) };
  }

  function add(seq: Seq, customer: string | null, { plan, minuteMs, due }: SharesDue): void {
    for (const { meter, amountThousandths, worthNanoUsd } of due)
      inserts.add(meter, [seq, customer, meter.eventName, minuteMs, amountThousandths, worthNanoUsd, plan]);
  }

  function correct(seq: Seq, after: CallRecord, lines: Lines): void {
    inserts.flush();
    const stored = read.all(after.id);
    const sent = stored.filter(({ eventId, isSent }) => eventId !== null && isSent === 1);
    const [told] = sent;
    const shares = told === undefined ? of(after, lines) : asTold(told, sent, after, lines);
    const isFor = (share: StoredShare) => (due: DueShare) =>
      share.customer === after.customer && share.meter === due.meter.eventName;
    const kept: StoredShare[] = [];
    for (const share of stored) {
      const due = shares.due.find(isFor(share));
      if (share.isSent === 1 && share.eventId !== null) noteDifference(db, share, after.id, due);
      else if (due === undefined || due.amountThousandths !== share.amount || share.minuteMs !== shares.minuteMs) {
        if (share.eventId !== null) openEventAgain(db, share.eventId);
        remove.run(share.seq, share.meter);
        continue;
      }
      kept.push(share);
      keepWorth(db, share, due, share.isSent === 1 ? share.seq : seq);
    }
    for (const { eventId } of sent) if (eventId !== null) foldWhereUnsent(db, eventId);
    const isThere = (due: DueShare) => kept.some((share) => isFor(share)(due));
    add(seq, after.customer, { ...shares, due: shares.due.filter((due) => !isThere(due)) });
  }

  /** What was sealed keeps its plan, its minute and the name that its model had: nothing is labelled anew. */
  function asTold(told: StoredShare, sent: readonly StoredShare[], after: CallRecord, lines: Lines): SharesDue {
    const known = told.plan === null ? null : plans.bySeq(told.plan);
    const plan: Plan =
      known === null ? { ...plans.at(told.minuteMs).plan, kind: 'cost', eventName: told.meter } : known.plan;
    const names = new Map(sent.flatMap(({ model }) => (model === null ? [] : [[nameOf(model), model] as const])));
    const named = (model: string) => names.get(model) ?? model;
    const renamed = (typeof lines === 'string' ? linesOf(lines) : lines).map((line) => ({
      ...line,
      model: named(line.model),
    }));
    const due = dueShares({ call: after, nameOf: (model) => named(nameOf(model)), lines: () => renamed }, plan);
    return { plan: told.plan, minuteMs: told.minuteMs, due };
  }

  function forget(): void {
    inserts.forget();
    plans.forget();
  }

  return { of, add, correct, flush: inserts.flush, forget };
}

/**
 * An event that was sealed and never left: its shares are open again and its remainder is what it would be without it. Σ shares in events =
 * 1000 × Σ values + remainder holds before and after.
 */
export function openEventAgain(db: Db, eventId: string): void {
  db.prepare('UPDATE outbox_shares SET event_id = NULL WHERE event_id = ?').run(eventId);
  db.prepare(
    `UPDATE remainders SET thousandths = thousandths + e.carried_in_thousandths - e.carried_out_thousandths
       FROM (SELECT customer, meter, carried_in_thousandths, carried_out_thousandths FROM meter_events WHERE id = ?) e
      WHERE remainders.customer = e.customer AND remainders.meter = e.meter`,
  ).run(eventId);
  db.prepare(
    'INSERT OR IGNORE INTO opened_events SELECT id, customer, meter, minute_ms FROM meter_events WHERE id = ?',
  ).run(eventId);
  db.prepare('DELETE FROM meter_events WHERE id = ?').run(eventId);
}

function noteDifference(db: Db, share: StoredShare, callId: string, due: DueShare | undefined): void {
  const { customer, meter, minuteMs, eventId } = share;
  db.prepare('DELETE FROM billing_differences WHERE call_id = ? AND customer = ? AND meter = ?').run(
    callId,
    customer,
    meter,
  );
  const settled = settledOf(db, { callId, customer, meter });
  const amount = share.amount + settled.amount;
  const worth = share.worth === null ? null : share.worth + settled.worth;
  const dueAmount = due?.amountThousandths ?? 0;
  const dueWorth = due === undefined ? 0 : due.worthNanoUsd;
  if (dueAmount === amount && (share.isCarried !== 1 || dueWorth === worth)) return;
  db.prepare(
    `INSERT INTO billing_differences (call_id, customer, meter, minute_ms, event_id, sent_thousandths, due_thousandths, sent_worth_nano_usd,
                                      due_worth_nano_usd) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(callId, customer, meter, minuteMs, eventId, amount, dueAmount, worth, dueWorth);
}

/**
 * The same amount at another price: what is told stays, what it is worth follows, except on an invoice item. A share that waits stands with the row that
 * counts now.
 */
function keepWorth(db: Db, share: StoredShare, due: DueShare | undefined, seq: Seq): void {
  const isSame = due !== undefined && due.amountThousandths === share.amount && share.isCarried !== 1;
  db.prepare('UPDATE outbox_shares SET call_seq = ?, worth_nano_usd = ? WHERE call_seq = ? AND meter = ?').run(
    seq,
    isSame ? due.worthNanoUsd : share.worth,
    share.seq,
    share.meter,
  );
  if (!isSame || due.worthNanoUsd === share.worth || share.eventId === null) return;
  db.prepare(
    `UPDATE meter_events
        SET worth_nano_usd = (SELECT COALESCE(SUM(worth_nano_usd), 0) FROM outbox_shares WHERE event_id = @id),
            unpriced_calls = (SELECT COUNT(*) FROM outbox_shares WHERE event_id = @id AND worth_nano_usd IS NULL)
      WHERE id = @id AND unit <> 'micro_usd'`,
  ).run({ id: share.eventId });
}
