/**
 * The periods of customers' invoices, as last read from Stripe, and what they mean for what waits (shared/invoice-standing.ts). The writing side.
 * What lies in a period whose invoice is final is set aside before it is sent; what lies in one that is over waits until its invoice has been read.
 */
import {
  assumedGraceMs,
  closesAt,
  freshForMs,
  invoiceStanding,
  knownForMs,
  youngMs,
  type InvoicePeriod,
  type InvoiceStanding,
} from '../../shared/invoice-standing.ts';
import type { Quantities } from '../../shared/contract/meter-amounts.ts';
import { stampInMinuteMs, stampOf } from '../../shared/meter-event.ts';
import { preparedOnce, type Db } from '../system/db.ts';
import { quantitySums } from './meter-sql.ts';

type MinuteOf = { readonly customer: string; readonly meter: string; readonly minuteMs: number };

/** Asked of every event before it is sent. */
const statementsOf = preparedOnce((db) => ({
  periods: db.prepare<[string, string, number, number], InvoicePeriod>(
    `SELECT start_ms AS startMs, end_ms AS endMs, state, finalizes_at_ms AS finalizesAtMs FROM invoice_periods
      WHERE customer = ? AND meter = ? AND start_ms <= ? AND end_ms > ?`,
  ),
  readAt: db.prepare<[string], number>('SELECT read_at_ms FROM invoice_readings WHERE customer = ?').pluck(),
  wait: db.prepare<[number | null, string, string]>(
    'UPDATE meter_events SET next_attempt_at_ms = ?, last_answer = ? WHERE id = ?',
  ),
  // The index of what waits is taken only for its own condition, word for word (take-due.ts).
  waitUnread: db.prepare<unknown[]>(
    `UPDATE meter_events SET next_attempt_at_ms = @atMs, last_answer = @readFirstSentence
      WHERE state IN ('sealed', 'sending', 'unknown') AND state <> 'sending' AND customer = @customer AND meter = @meter
        AND next_attempt_at_ms <= @nowMs AND minute_ms < @youngestMs
        AND NOT EXISTS (SELECT 1 FROM invoice_periods p WHERE p.customer = @customer AND p.meter = @meter
                         AND p.start_ms <= meter_events.minute_ms + ${stampInMinuteMs} AND p.end_ms > meter_events.minute_ms + ${stampInMinuteMs})`,
  ),
}));

function periodsAt(db: Db, { customer, meter, minuteMs }: MinuteOf): InvoicePeriod[] {
  return statementsOf(db).periods.all(customer, meter, stampOf(minuteMs), stampOf(minuteMs));
}

function readAtMs(db: Db, customer: string): number | null {
  return statementsOf(db).readAt.get(customer) ?? null;
}

/** Whether the customer's subscriptions were read within the last day. */
export function isKnown(db: Db, customer: string, nowMs: number): boolean {
  const atMs = readAtMs(db, customer);
  return atMs !== null && atMs > nowMs - knownForMs && atMs <= nowMs;
}

export function standingOf(db: Db, minute: MinuteOf, nowMs: number): InvoiceStanding {
  const { customer, minuteMs } = minute;
  return invoiceStanding({ periods: periodsAt(db, minute), minuteMs, readAtMs: readAtMs(db, customer), nowMs });
}

/** When the invoice of a minute is final, the earliest where there are several; 0 when it is; null when there is none. */
export function invoiceFinalAtMs(db: Db, minute: MinuteOf): number | null {
  const ends = periodsAt(db, minute).map((period) => (period.state === 'final' ? 0 : closesAt(period)));
  return ends.length === 0 ? null : Math.min(...ends);
}

type Waiting = MinuteOf & { readonly id: string; readonly wasUnknown: boolean };

/** Asked again this often while a reading is waited for; a reading wakes them at once. */
const lookAgainAfterMs = 60_000;

const finalSentence =
  'The invoice of its period is final and takes no more usage, so it was set aside; it is never sent under another date.';
const heldSentence =
  'The invoice of its period is final; whether it arrived before that is told by the summary of its minute, so it is held until that has been read.';
const readFirstSentence = 'Its period is over; it is sent once the invoice has been read and still takes usage.';

export type SendQuestion = {
  readonly nowMs: number;
  /** Whoever sends reads subscriptions as well, so what nobody has read yet waits for that. */
  readonly readsInvoices?: boolean | undefined;
};

/** Which of these may be sent. The others are set aside, held, or wait for a reading. */
export function sendable<Event extends Waiting>(
  db: Db,
  events: readonly Event[],
  { nowMs, readsInvoices = false }: SendQuestion,
): Event[] {
  return events.filter((event) => {
    if (!readsInvoices && periodsAt(db, event).length === 0) return true;
    const standing = standingOf(db, event, nowMs);
    switch (standing.kind) {
      case 'none':
      case 'open':
        return true;
      case 'final':
        if (event.wasUnknown) wait(db, event.id, { atMs: null, sentence: heldSentence });
        else setAsideFinal(db, event.id, nowMs);
        return false;
      case 'read_first':
        wait(db, event.id, { atMs: nowMs + lookAgainAfterMs, sentence: readFirstSentence });
        return false;
    }
  });
}

export function setAsideFinal(db: Db, id: string, nowMs: number): void {
  db.prepare(
    `UPDATE meter_events SET state = 'set_aside', set_aside_reason = 'invoice_final', set_aside_at_ms = ?, next_attempt_at_ms = NULL, last_answer = ?
      WHERE id = ?`,
  ).run(nowMs, finalSentence, id);
}

type Wait = { readonly atMs: number | null; readonly sentence: string };

function wait(db: Db, id: string, { atMs, sentence }: Wait): void {
  statementsOf(db).wait.run(atMs, sentence, id);
}

/**
 * Everything of a customer whose subscriptions nobody has read lately, but what is too young for a final invoice: said in one statement, since a backlog of
 * weeks would be looked through a hundred events at a time. What sendable() says of each is the same.
 */
export function waitWhereUnread(db: Db, { customer, meter }: Omit<MinuteOf, 'minuteMs'>, nowMs: number): void {
  if (isKnown(db, customer, nowMs)) return;
  statementsOf(db).waitUnread.run({
    customer,
    meter,
    nowMs,
    atMs: nowMs + lookAgainAfterMs,
    youngestMs: nowMs - youngMs,
    readFirstSentence,
  });
}

const dayMs = 24 * 3_600_000;
/** Longer than Stripe's window: a customer without usage for that long has nothing that an invoice could miss. */
const activeMs = 40 * dayMs;

export type CustomersQuestion = { readonly nowMs: number; readonly limit: number };

/** Whose subscriptions are to be read: where something waits for it first, then each once a day. */
export function customersToRead(db: Db, { nowMs, limit }: CustomersQuestion): string[] {
  const waiting = db
    .prepare<unknown[], string>(
      `SELECT DISTINCT e.customer FROM meter_events e LEFT JOIN invoice_readings r ON r.customer = e.customer
        WHERE e.state IN ('sealed', 'sending', 'unknown', 'cancelling') AND (r.read_at_ms IS NULL OR r.read_at_ms <= @staleMs OR r.read_at_ms > @nowMs)
          AND (r.read_at_ms IS NULL OR r.read_at_ms <= @yesterdayMs OR EXISTS (SELECT 1 FROM invoice_periods p WHERE p.customer = e.customer AND p.meter = e.meter
                AND p.start_ms <= e.minute_ms + ${stampInMinuteMs} AND p.end_ms > e.minute_ms + ${stampInMinuteMs} AND p.end_ms <= @nowMs AND p.state <> 'final'))
        LIMIT @limit`,
    )
    .pluck()
    .all({ nowMs, limit, staleMs: nowMs - freshForMs, yesterdayMs: nowMs - knownForMs });
  if (waiting.length > 0) return waiting;
  return db
    .prepare<unknown[], string>(
      `SELECT DISTINCT m.customer FROM remainders m LEFT JOIN invoice_readings r ON r.customer = m.customer
        WHERE (r.read_at_ms IS NULL OR r.read_at_ms <= @yesterdayMs OR r.read_at_ms > @nowMs)
          AND EXISTS (SELECT 1 FROM meter_events e WHERE e.customer = m.customer AND e.meter = m.meter AND e.minute_ms >= @activeMs)
        ORDER BY r.read_at_ms, m.customer LIMIT @limit`,
    )
    .pluck()
    .all({ nowMs, limit, yesterdayMs: nowMs - knownForMs, activeMs: nowMs - activeMs });
}

export type ReadPeriod = InvoicePeriod & {
  readonly meter: string;
  readonly subscription: string;
  readonly invoice: string | null;
};

export type SubscriptionsRead = {
  readonly customer: string;
  /** Null: Stripe does not let this key read them, so what was known stays. */
  readonly periods: readonly ReadPeriod[] | null;
  readonly nowMs: number;
};

/** Returns how many events may be looked at again since. */
export function recordSubscriptions(db: Db, { customer, periods, nowMs }: SubscriptionsRead): number {
  return db.transaction(() => {
    db.prepare(
      `INSERT INTO invoice_readings VALUES (?, ?) ON CONFLICT (customer) DO UPDATE SET read_at_ms = excluded.read_at_ms`,
    ).run(customer, nowMs);
    if (periods !== null) keepPeriods(db, customer, periods);
    return db
      .prepare(
        `UPDATE meter_events SET next_attempt_at_ms = @nowMs
          WHERE state IN ('sealed', 'unknown') AND customer = @customer AND last_answer = @readFirstSentence AND next_attempt_at_ms > @nowMs`,
      )
      .run({ nowMs, customer, readFirstSentence }).changes;
  })();
}

function keepPeriods(db: Db, customer: string, periods: readonly ReadPeriod[]): void {
  db.prepare('DELETE FROM invoice_periods WHERE customer = ?').run(customer);
  const insert = db.prepare('INSERT OR REPLACE INTO invoice_periods VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  for (const { meter, subscription, startMs, endMs, state, invoice, finalizesAtMs } of periods)
    if (endMs > startMs) insert.run(customer, meter, subscription, startMs, endMs, state, invoice, finalizesAtMs);
}

/** What waits and would miss its invoice: the sum of what closes before `untilMs`, and when the first of it does. */
export type Closing = Quantities & {
  readonly events: number;
  readonly nanoUsd: number;
  readonly atMs: number | null;
};

export function readClosing(db: Db, { nowMs, untilMs }: { readonly nowMs: number; readonly untilMs: number }): Closing {
  const row = db
    .prepare<unknown[], Closing>(
      `SELECT COUNT(*) AS events, COALESCE(SUM(e.worth_nano_usd), 0) AS nanoUsd, ${quantitySums}, MIN(p.closes_ms) AS atMs
         FROM meter_events e JOIN (SELECT *, COALESCE(finalizes_at_ms, end_ms + @assumedGraceMs) AS closes_ms FROM invoice_periods WHERE state <> 'final') p
           ON p.customer = e.customer AND p.meter = e.meter AND p.start_ms <= e.minute_ms + ${stampInMinuteMs} AND p.end_ms > e.minute_ms + ${stampInMinuteMs}
        WHERE e.state IN ('sealed', 'sending', 'unknown') AND p.closes_ms < @untilMs AND e.sealed_at_ms <= @quietMs`,
    )
    .get({ assumedGraceMs, untilMs, quietMs: nowMs - quietMs });
  if (!row) throw new Error('an aggregate without groups always has one row');
  return row;
}

/** What was sealed just now is on its way; nobody is warned of that. */
const quietMs = 10 * 60_000;
