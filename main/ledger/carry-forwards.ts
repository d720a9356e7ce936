/**
 * The one carry-forward that is proposed for each customer: what was set aside, and what was corrected too late for an adjustment, as an invoice item
 * that names the days, the calls and the sum; less than nothing is a credit. Created in Stripe (invoice-items.ts), or put on an invoice by a person who
 * says so here. Either way its events are final then, and what is corrected later is a difference again.
 */
import type { CarryForward } from '../../shared/contract/api.ts';
import type { Quantities } from '../../shared/contract/meter-amounts.ts';
import { carryForwardSentence, centsAndRest, type CarryForwardFigures } from '../../shared/carry-forward-words.ts';
import { identifierLifeMs } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { adjustsSentEvents } from './adjusts-sent-events.ts';
import { meterLabel, quantitySums } from './meter-sql.ts';

/**
 * Of `billing_differences d`, with @adjusts and @earliestSentMs: those that no adjustment and no new sum will take up any more. An event that is on its
 * way, or that waits for a person, is decided first.
 */
export const isToSettle = `NOT EXISTS (
  SELECT 1 FROM meter_events e WHERE e.id = d.event_id AND (
    e.state IN ('sealed', 'sending', 'unknown', 'cancelling', 'rejected')
    OR e.state IN ('accepted', 'confirmed') AND @adjusts = 1 AND e.first_sent_at_ms >= @earliestSentMs
       AND NOT EXISTS (SELECT 1 FROM cancellations c WHERE c.identifier = e.identifier)))`;

/** Of `meter_events`: set aside, and on no item that was asked for. */
export const isToCarry = `state = 'set_aside' AND carry_forward IS NULL`;

export function settleParameters(db: Db, nowMs: number) {
  return { adjusts: Number(adjustsSentEvents(db)), earliestSentMs: nowMs - identifierLifeMs };
}

/** One a customer, the largest first; credits last. Days are UTC, as Stripe's are. */
export function readCarryForwards(db: Db, nowMs: number): CarryForward[] {
  return customersToCarry(db, nowMs)
    .map((customer) => readCarryForward(db, { customer, nowMs }))
    .toSorted((a, b) => b.nanoUsd - a.nanoUsd || a.customer.localeCompare(b.customer));
}

/** Those of whom something is proposed, or asked for already; by name. */
export function customersToCarry(db: Db, nowMs: number): string[] {
  return db
    .prepare<unknown[], string>(
      `SELECT DISTINCT customer FROM meter_events WHERE ${isToCarry}
       UNION SELECT customer FROM billing_differences d WHERE ${isToSettle}
       UNION SELECT customer FROM carry_forwards WHERE state = 'asked' ORDER BY 1`,
    )
    .pluck()
    .all(settleParameters(db, nowMs));
}

type Question = { readonly customer: string; readonly nowMs: number };
type Aside = Quantities & {
  readonly events: number;
  readonly asideNanoUsd: number;
  readonly uncertainNanoUsd: number;
  readonly calls: number;
};

export function readCarryForward(db: Db, { customer, nowMs }: Question): CarryForward {
  const parameters = { customer, ...settleParameters(db, nowMs) };
  const figures = {
    ...readAside(db, customer),
    asideDays: days(db, `meter_events WHERE ${isToCarry} AND customer = @customer`, parameters),
    ...readCorrected(db, parameters),
    correctedDays: days(db, `billing_differences d WHERE customer = @customer AND ${isToSettle}`, parameters),
    restNanoUsd: readRest(db, customer),
  };
  const nanoUsd = figures.asideNanoUsd + figures.differenceNanoUsd + figures.restNanoUsd;
  const { cents } = centsAndRest(nanoUsd);
  const allDays = [...new Set([...figures.asideDays, ...figures.correctedDays])].toSorted();
  const asked = readAsked(db, customer);
  const sentence = carryForwardSentence({ ...figures, meters: metersToCarry(db, { customer, nowMs }) });
  return { customer, ...figures, nanoUsd, cents, days: allDays, asked, sentence };
}

function readAside(db: Db, customer: string): Aside {
  const aside = db
    .prepare<[string, string], Aside>(
      `SELECT COUNT(*) AS events, COALESCE(SUM(worth_nano_usd), 0) AS asideNanoUsd, ${quantitySums},
              COALESCE(SUM(CASE WHEN first_sent_at_ms IS NOT NULL AND accepted_at_ms IS NULL THEN worth_nano_usd END), 0) AS uncertainNanoUsd,
              -- A call stands in an event of every meter that counts it.
              (SELECT COUNT(DISTINCT c.id) FROM outbox_shares s JOIN calls c ON c.seq = s.call_seq
                WHERE s.event_id IN (SELECT id FROM meter_events WHERE ${isToCarry} AND customer = ?)) AS calls
         FROM meter_events WHERE ${isToCarry} AND customer = ?`,
    )
    .get(customer, customer);
  if (!aside) throw new Error('an aggregate without groups always has one row');
  return aside;
}

type Corrected = {
  readonly correctedCalls: number;
  readonly differenceNanoUsd: number;
  readonly unpricedCorrections: number;
};

function readCorrected(db: Db, parameters: Readonly<Record<string, unknown>>): Corrected {
  const corrected = db
    .prepare<unknown[], Corrected>(
      `SELECT COUNT(DISTINCT call_id) AS correctedCalls, COALESCE(SUM(due_worth_nano_usd - sent_worth_nano_usd), 0) AS differenceNanoUsd,
              COUNT(DISTINCT CASE WHEN due_worth_nano_usd - sent_worth_nano_usd IS NULL THEN event_id END) AS unpricedCorrections
         FROM billing_differences d WHERE customer = @customer AND ${isToSettle}`,
    )
    .get(parameters);
  if (!corrected) throw new Error('an aggregate without groups always has one row');
  return corrected;
}

/** What is proposed on meters of tokens, less what was told too much: money is told by what it is worth. */
export function metersToCarry(db: Db, { customer, nowMs }: Question): CarryForwardFigures['meters'] {
  return db
    .prepare<unknown[], CarryForwardFigures['meters'][number]>(
      `SELECT ${meterLabel}, SUM(asideValue) AS asideValue, SUM(correctedValue) AS correctedValue FROM (
         SELECT meter, value AS asideValue, 0 AS correctedValue FROM meter_events WHERE ${isToCarry} AND customer = @customer
         UNION ALL SELECT meter, 0, (due_thousandths - sent_thousandths) / 1000 FROM billing_differences d WHERE customer = @customer AND ${isToSettle})
         JOIN meter_units u USING (meter) WHERE u.unit <> 'micro_usd' GROUP BY meter ORDER BY meter`,
    )
    .all({ customer, ...settleParameters(db, nowMs) });
}

function days(db: Db, from: string, parameters: Readonly<Record<string, unknown>>): string[] {
  return db
    .prepare<unknown[], string>(`SELECT DISTINCT date(minute_ms / 1000, 'unixepoch') FROM ${from} ORDER BY 1`)
    .pluck()
    .all(parameters);
}

export function readRest(db: Db, customer: string): number {
  return db.prepare<[string], number>('SELECT nano_usd FROM carry_rests WHERE customer = ?').pluck().get(customer) ?? 0;
}

export function writeRest(db: Db, customer: string, nanoUsd: number): void {
  db.prepare(
    'INSERT INTO carry_rests VALUES (?, ?) ON CONFLICT (customer) DO UPDATE SET nano_usd = excluded.nano_usd',
  ).run(customer, nanoUsd);
}

function readAsked(db: Db, customer: string): CarryForward['asked'] {
  const asked = db
    .prepare<[string], NonNullable<CarryForward['asked']>>(
      `SELECT at_ms AS atMs, cents, sentence, COALESCE(last_answer, 'No answer yet.') AS lastAnswer FROM carry_forwards WHERE customer = ? AND state = 'asked'`,
    )
    .get(customer);
  return asked ?? null;
}

export type CarryQuestion = Question & { readonly nanoUsd: number };

/**
 * A person has put it on an invoice. False when nothing of this customer is proposed, or its sum is no longer the one that the person was shown.
 */
export function carryForward(db: Db, { customer, nowMs, nanoUsd }: CarryQuestion): boolean {
  return db.transaction(() => {
    const proposed = readCarryForward(db, { customer, nowMs });
    if (!isProposed(proposed) || proposed.nanoUsd !== nanoUsd) return false;
    const carried = insertCarried(db, { proposed, nowMs, state: 'billed', cents: null, reference: null });
    claim(db, { customer, nowMs, carried });
    finishEvents(db, carried);
    return true;
  })();
}

/** Also a rest below a cent alone, for a person to put on an invoice. */
export function isProposed({ events, correctedCalls, asked }: CarryForward): boolean {
  return asked === null && (events > 0 || correctedCalls > 0);
}

export type Carried = {
  readonly proposed: CarryForward;
  readonly nowMs: number;
  readonly state: 'asked' | 'billed';
  /** Null: all of it, by hand, to the nano-dollar. */
  readonly cents: number | null;
  readonly reference: string | null;
};

/** Gives back its number. The rest of the customer is what this one leaves. */
export function insertCarried(db: Db, { proposed, nowMs, state, cents, reference }: Carried): number {
  const { customer, calls, nanoUsd, sentence } = proposed;
  const rest = cents === null ? 0 : centsAndRest(nanoUsd).restNanoUsd;
  const { lastInsertRowid } = db
    .prepare(
      `INSERT INTO carry_forwards (customer, at_ms, worth_nano_usd, calls, sentence, state, cents, rest_before_nano_usd, rest_nano_usd, reference)
       VALUES (@customer, @nowMs, @nanoUsd, @calls, @sentence, @state, @cents, @restBefore, @rest, @reference)`,
    )
    .run({
      customer,
      nowMs,
      calls: calls + proposed.correctedCalls,
      sentence,
      state,
      nanoUsd,
      cents,
      reference,
      rest,
      restBefore: proposed.restNanoUsd,
    });
  writeRest(db, customer, rest);
  return Number(lastInsertRowid);
}

export type Claim = { readonly customer: string; readonly nowMs: number; readonly carried: number };

/** What is proposed is this carry-forward's from now on: nobody sends it, and what is corrected of it is new. */
export function claim(db: Db, { customer, nowMs, carried }: Claim): void {
  const parameters = { customer, carried, ...settleParameters(db, nowMs) };
  db.prepare(
    `INSERT INTO settled_differences (carry_forward, call_id, customer, meter, minute_ms, event_id, amount_thousandths, worth_nano_usd)
     SELECT @carried, call_id, customer, meter, minute_ms, event_id, due_thousandths - sent_thousandths,
            COALESCE(due_worth_nano_usd - sent_worth_nano_usd, 0)
       FROM billing_differences d WHERE customer = @customer AND ${isToSettle}`,
  ).run(parameters);
  db.prepare(`DELETE FROM billing_differences AS d WHERE customer = @customer AND ${isToSettle}`).run(parameters);
  db.prepare(`UPDATE meter_events SET carry_forward = @carried WHERE ${isToCarry} AND customer = @customer`).run({
    customer,
    carried,
  });
}

export function finishEvents(db: Db, carried: number): void {
  db.prepare(
    `UPDATE meter_events SET state = 'carried_forward', last_answer = 'Billed by an invoice item instead.'
      WHERE state = 'set_aside' AND carry_forward = ?`,
  ).run(carried);
}
