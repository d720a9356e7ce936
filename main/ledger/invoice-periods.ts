/**
 * The periods of customers' invoices, as last read from Stripe, and what they mean for what waits (shared/invoice-standing.ts). The writing side.
 * What lies in a period whose invoice is final is set aside before it is sent; what lies in one that is over, or may be, waits until its invoice has been
 * read. Whose subscriptions are read for it: customers-to-read.ts.
 */
import {
  closesAt,
  invoiceStanding,
  isReadSince,
  youngMs,
  type InvoicePeriod,
  type InvoiceStanding,
} from '../../shared/invoice-standing.ts';
import { stampInMinuteMs, stampOf } from '../../shared/meter-event.ts';
import { preparedOnce, type Db } from '../system/db.ts';

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
        AND COALESCE((SELECT MIN(p.state = 'final') FROM invoice_periods p WHERE p.customer = @customer AND p.meter = @meter
                       AND p.start_ms <= meter_events.minute_ms + ${stampInMinuteMs} AND p.end_ms > meter_events.minute_ms + ${stampInMinuteMs}), 0) = 0`,
  ),
}));

function periodsAt(db: Db, { customer, meter, minuteMs }: MinuteOf): InvoicePeriod[] {
  return statementsOf(db).periods.all(customer, meter, stampOf(minuteMs), stampOf(minuteMs));
}

function readAtMs(db: Db, customer: string): number | null {
  return statementsOf(db).readAt.get(customer) ?? null;
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

/** A reading wakes what waits for it at once. Without one, as offline, a backlog of weeks would be written down anew at each look. */
const lookAgainAfterMs = 3_600_000;

const finalSentence =
  'The invoice of its period is final and takes no more usage, so it was set aside; it is never sent under another date.';
const heldSentence =
  'The invoice of its period is final; whether it arrived before that is told by the summary of its minute, so it is held until that has been read.';
export const readFirstSentence =
  'Its period is over, or may be; it is sent once the invoice has been read and still takes usage.';

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
  if (isReadSince(readAtMs(db, customer), nowMs - youngMs, nowMs)) return;
  statementsOf(db).waitUnread.run({
    customer,
    meter,
    nowMs,
    atMs: nowMs + lookAgainAfterMs,
    youngestMs: nowMs - youngMs,
    readFirstSentence,
  });
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
