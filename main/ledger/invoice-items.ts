/**
 * Invoice items that are made in Stripe: asked for durably before the request leaves, so that an answer that never came is known, and looked up by its
 * reference before anything is made again. The writing side; one transaction each.
 *
 * In prose: a proposal is `asked` from before the request leaves; what it covers is its own meanwhile. Stripe's yes, or its list, makes it `billed`, which is
 * final. A no, or a list without it once no answer can be on its way, makes it `dropped`, and all of it is proposed again.
 * The reference is a function of what it covers and of how many the customer had before: a ledger that was restored from a backup finds the item that
 * the lost one made. One that this ledger does not know and that bears its name was made after that backup, of something else: nothing is made beside it.
 */
import { carryForwardDescription, centsAndRest } from '../../shared/carry-forward-words.ts';
import { textChecksum } from '../../shared/text-checksum.ts';
import type { Db } from '../system/db.ts';
import { foldWhereUnsent } from './fold-differences.ts';
import { ledgerIdOf } from './ledger-id.ts';
import { settledOf, type Settled } from './settled-differences.ts';
import {
  claim,
  finishEvents,
  insertCarried,
  isProposed,
  isToCarry,
  isToSettle,
  metersToCarry,
  readCarryForward,
  readRest,
  settleParameters,
  writeRest,
  type CarryQuestion,
} from './carry-forwards.ts';

export type AskedItem = {
  readonly carried: number;
  readonly customer: string;
  readonly cents: number;
  readonly description: string;
  readonly reference: string;
  /** Of every item of this customer that this ledger made or asks for; all that it ever named begin with one of `referenceStarts`. */
  readonly references: readonly string[];
  readonly referenceStarts: readonly string[];
  readonly askedAtMs: number;
};

export type ItemBegun =
  /** `isNew`: nothing was asked for under this reference by this ledger. */
  | { readonly kind: 'asked'; readonly isNew: boolean; readonly item: AskedItem }
  /** Nothing is proposed, or another sum than the person was shown. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'below_a_cent' }
  /** Calls of it have no price, so what it comes to is not known. */
  | { readonly kind: 'unpriced' };

/** One whose answer never came goes before any other of the customer. */
export function beginItem(db: Db, { customer, nowMs, nanoUsd }: CarryQuestion): ItemBegun {
  return db.transaction((): ItemBegun => {
    const before = askedItems(db).find((item) => item.customer === customer);
    if (before) return { kind: 'asked', isNew: false, item: before };
    const proposed = readCarryForward(db, { customer, nowMs });
    if (!isProposed(proposed) || proposed.nanoUsd !== nanoUsd) return { kind: 'changed' };
    if (proposed.unpricedEvents + proposed.unpricedCorrections > 0) return { kind: 'unpriced' };
    const { cents } = centsAndRest(nanoUsd);
    if (cents === 0) return { kind: 'below_a_cent' };
    const reference = referenceOf(db, { customer, nowMs, cents });
    const meters = metersToCarry(db, { customer, nowMs });
    const description = carryForwardDescription({ ...proposed, meters });
    const worded = { ...proposed, sentence: description };
    const carried = insertCarried(db, { proposed: worded, nowMs, state: 'asked', cents, reference });
    claim(db, { customer, nowMs, carried });
    const item = { carried, customer, cents, description, reference, askedAtMs: nowMs };
    return { kind: 'asked', isNew: true, item: { ...item, ...referencesOf(db, customer) } };
  })();
}

type ReferenceQuestion = { readonly customer: string; readonly nowMs: number; readonly cents: number };

function referenceOf(db: Db, { customer, nowMs, cents }: ReferenceQuestion): string {
  const parameters = { customer, ...settleParameters(db, nowMs) };
  const covers = db
    .prepare<unknown[], string>(
      `SELECT id || ' ' || value || ' ' || worth_nano_usd FROM meter_events WHERE ${isToCarry} AND customer = @customer
       UNION ALL SELECT call_id || ' ' || meter || ' ' || sent_thousandths || ' ' || due_thousandths || ' ' || (due_worth_nano_usd - sent_worth_nano_usd)
                   FROM billing_differences d WHERE customer = @customer AND ${isToSettle}
       ORDER BY 1`,
    )
    .pluck()
    .all(parameters);
  const before = db
    .prepare<[string], number>(`SELECT COUNT(*) FROM carry_forwards WHERE customer = ? AND state = 'billed'`)
    .pluck()
    .get(customer);
  return `${referenceStartOf(db, customer)}${(before ?? 0) + 1}:${cents}:${textChecksum(covers.join('\n'))}`;
}

function referenceStartOf(db: Db, customer: string): string {
  return `tk2-carry:${textChecksum(ledgerIdOf(db))}:${customer}:`;
}

/** Before ledgers had a name, it was in none. */
function referencesOf(db: Db, customer: string): Pick<AskedItem, 'references' | 'referenceStarts'> {
  const references = db
    .prepare<[string], string>(
      `SELECT reference FROM carry_forwards c WHERE customer = ? AND reference IS NOT NULL AND (state <> 'dropped'
          OR item IS NOT NULL AND EXISTS (SELECT 1 FROM carry_forwards h WHERE h.customer = c.customer AND h.seq > c.seq AND h.state = 'billed' AND h.reference IS NULL))`,
    )
    .pluck()
    .all(customer);
  return { references, referenceStarts: [referenceStartOf(db, customer), `tk1-carry:${customer}:`] };
}

/** Items whose answer is not known. */
export function askedItems(db: Db): AskedItem[] {
  return db
    .prepare<[], Omit<AskedItem, 'references' | 'referenceStarts'>>(
      `SELECT seq AS carried, customer, cents, sentence AS description, reference, at_ms AS askedAtMs FROM carry_forwards WHERE state = 'asked' ORDER BY seq`,
    )
    .all()
    .map((item) => ({ ...item, ...referencesOf(db, item.customer) }));
}

export type ItemEnd = { readonly carried: number } & (
  | { readonly kind: 'billed'; readonly item: string }
  | { readonly kind: 'dropped'; readonly sentence: string }
  /** Stripe holds another of this ledger that it does not know: kept, so that it is known once a person has marked by hand what it covers. */
  | { readonly kind: 'forgotten'; readonly sentence: string; readonly item: string; readonly reference: string }
  /** Still not known. */
  | { readonly kind: 'unknown'; readonly sentence: string }
);

export function endItem(db: Db, end: ItemEnd): void {
  db.transaction(() => {
    const isAsked = db
      .prepare<[number], number>(`SELECT 1 FROM carry_forwards WHERE seq = ? AND state = 'asked'`)
      .pluck();
    if (isAsked.get(end.carried) === undefined) return;
    switch (end.kind) {
      case 'billed':
        db.prepare(`UPDATE carry_forwards SET state = 'billed', item = ?, last_answer = NULL WHERE seq = ?`).run(
          end.item,
          end.carried,
        );
        return finishEvents(db, end.carried);
      case 'dropped':
        return dropItem(db, end.carried, end.sentence);
      case 'forgotten':
        dropItem(db, end.carried, end.sentence);
        db.prepare('UPDATE carry_forwards SET item = ?, reference = ? WHERE seq = ?').run(
          end.item,
          end.reference,
          end.carried,
        );
        return;
      case 'unknown':
        db.prepare('UPDATE carry_forwards SET last_answer = ? WHERE seq = ?').run(end.sentence, end.carried);
    }
  })();
}

type Rests = { readonly customer: string; readonly restBefore: number; readonly rest: number };

function dropItem(db: Db, carried: number, sentence: string): void {
  const rests = db
    .prepare<[number], Rests>(
      'SELECT customer, rest_before_nano_usd AS restBefore, rest_nano_usd AS rest FROM carry_forwards WHERE seq = ?',
    )
    .get(carried);
  if (!rests) return;
  db.prepare(`UPDATE carry_forwards SET state = 'dropped', last_answer = ? WHERE seq = ?`).run(sentence, carried);
  writeRest(db, rests.customer, readRest(db, rests.customer) - rests.rest + rests.restBefore);
  const events = db
    .prepare<[number], string>('SELECT id FROM meter_events WHERE carry_forward = ?')
    .pluck()
    .all(carried);
  db.prepare('UPDATE meter_events SET carry_forward = NULL WHERE carry_forward = ?').run(carried);
  giveDifferencesBack(db, carried);
  for (const id of events) foldWhereUnsent(db, id);
}

type Given = {
  readonly callId: string;
  readonly customer: string;
  readonly meter: string;
  readonly minuteMs: number;
  readonly eventId: string;
  readonly amount: number;
  readonly worth: number;
};

/** A call that was corrected once more meanwhile has a difference of its own, which grows by what was not settled after all. */
function giveDifferencesBack(db: Db, carried: number): void {
  const given = db
    .prepare<[number], Given>(
      `SELECT call_id AS callId, customer, meter, minute_ms AS minuteMs, event_id AS eventId, amount_thousandths AS amount, worth_nano_usd AS worth
         FROM settled_differences WHERE carry_forward = ?`,
    )
    .all(carried);
  db.prepare('DELETE FROM settled_differences WHERE carry_forward = ?').run(carried);
  const give = db.prepare(
    `INSERT INTO billing_differences (call_id, customer, meter, minute_ms, event_id, sent_thousandths, due_thousandths, sent_worth_nano_usd,
                                      due_worth_nano_usd)
     VALUES (@callId, @customer, @meter, @minuteMs, @eventId, @sent, @sent + @amount, @sentWorth, @sentWorth + @worth)
     ON CONFLICT (call_id, customer, meter) DO UPDATE
        SET sent_thousandths = sent_thousandths - @amount, sent_worth_nano_usd = sent_worth_nano_usd - @worth`,
  );
  for (const row of given) give.run({ ...row, ...sentOf(db, row) });
  db.prepare(
    'DELETE FROM billing_differences WHERE due_thousandths = sent_thousandths AND due_worth_nano_usd IS sent_worth_nano_usd',
  ).run();
}

/** What the customer was told of a call: its share and what other items settle. */
function sentOf(db: Db, call: Given): { readonly sent: number; readonly sentWorth: number } {
  const share = db
    .prepare<unknown[], Settled>(
      `SELECT s.amount_thousandths AS amount, COALESCE(s.worth_nano_usd, 0) AS worth
         FROM outbox_shares s JOIN calls c ON c.seq = s.call_seq WHERE c.id = @callId AND s.customer = @customer AND s.meter = @meter`,
    )
    .get(call) ?? { amount: 0, worth: 0 };
  const settled = settledOf(db, call);
  return { sent: share.amount + settled.amount, sentWorth: share.worth + settled.worth };
}
