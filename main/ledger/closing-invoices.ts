/** What of the outbox an invoice closes on, and what of it stands on none, as far as the periods of customers' invoices are known. Reading side only. */
import type { Quantities } from '../../shared/contract/meter-amounts.ts';
import type { OnNoInvoice } from '../../shared/leaving-words.ts';
import { assumedGraceMs } from '../../shared/invoice-standing.ts';
import { stampInMinuteMs } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { quantitySums } from './meter-sql.ts';

/** What waits and would miss its invoice, the first that closes where several bill it: the sum of what closes before `untilMs`, and when the first of it does. */
export type Closing = Quantities & {
  readonly events: number;
  readonly nanoUsd: number;
  readonly atMs: number | null;
};

export function readClosing(db: Db, { nowMs, untilMs }: { readonly nowMs: number; readonly untilMs: number }): Closing {
  const row = db
    .prepare<unknown[], Closing>(
      `SELECT COUNT(*) AS events, COALESCE(SUM(worth_nano_usd), 0) AS nanoUsd, ${quantitySums}, MIN(closes_ms) AS atMs
         FROM (SELECT e.*, (SELECT MIN(COALESCE(p.finalizes_at_ms, p.end_ms + @assumedGraceMs)) FROM invoice_periods p
                             WHERE p.customer = e.customer AND p.meter = e.meter AND p.start_ms <= e.minute_ms + ${stampInMinuteMs} AND p.end_ms > e.minute_ms + ${stampInMinuteMs}
                               AND p.state <> 'final') AS closes_ms
                 FROM meter_events e WHERE e.state IN ('sealed', 'sending', 'unknown') AND e.sealed_at_ms <= @quietMs)
        WHERE closes_ms < @untilMs`,
    )
    .get({ assumedGraceMs, untilMs, quietMs: nowMs - quietMs });
  if (!row) throw new Error('an aggregate without groups always has one row');
  return row;
}

/** What was sealed just now is on its way; nobody is warned of that. */
const quietMs = 10 * 60_000;

/** A person who puts it on an invoice by hand tells nobody, so it is not told for ever. */
const toldForMs = 40 * 24 * 3_600_000;
/** Stripe may make an invoice a little after the end that it is for. */
const invoiceMadeWithinMs = 3_600_000;

/**
 * What was delivered in the last period of a subscription that ended without an invoice (of the periods before, which had theirs, no invoice is named either),
 * unless another subscription bills it. Largest first.
 */
export function readOnNoInvoice(db: Db, nowMs: number): (Quantities & OnNoInvoice)[] {
  return db
    .prepare<unknown[], Quantities & OnNoInvoice>(
      `WITH covers AS (
         SELECT p.*, p.state = 'final' AND p.invoice IS NULL AND NOT EXISTS (
             SELECT 1 FROM invoice_periods l WHERE l.customer = p.customer AND l.meter = p.meter AND l.subscription = p.subscription
                AND l.start_ms > p.start_ms) AS is_unbilled
           FROM invoice_periods p),
       ended AS (
         SELECT c.* FROM covers c JOIN invoice_readings r USING (customer)
          WHERE is_unbilled AND c.end_ms >= @toldFromMs AND r.read_at_ms >= c.end_ms + @invoiceMadeWithinMs)
       SELECT customer, COUNT(*) AS events, COALESCE(SUM(worth_nano_usd), 0) AS nanoUsd, ${quantitySums}, MAX(ended_ms) AS endedAtMs
         FROM (SELECT e.*, MAX(c.end_ms) AS ended_ms FROM ended c
                 -- In this order: left to itself SQLite looks through every event that was ever delivered.
                 CROSS JOIN meter_events e ON e.customer = c.customer AND e.meter = c.meter AND e.minute_ms >= c.start_ms - ${stampInMinuteMs} AND e.minute_ms < c.end_ms - ${stampInMinuteMs}
                WHERE e.state IN ('accepted', 'confirmed', 'cancelling')
                  AND NOT EXISTS (SELECT 1 FROM covers o WHERE o.customer = e.customer AND o.meter = e.meter AND o.start_ms <= e.minute_ms + ${stampInMinuteMs}
                                   AND o.end_ms > e.minute_ms + ${stampInMinuteMs} AND NOT o.is_unbilled)
                GROUP BY e.id)
        GROUP BY customer ORDER BY nanoUsd DESC, customer`,
    )
    .all({ toldFromMs: nowMs - toldForMs, invoiceMadeWithinMs });
}
