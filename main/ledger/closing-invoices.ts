/** What of the outbox an invoice closes on, as far as the periods of customers' invoices are known. Reading side only. */
import type { Quantities } from '../../shared/contract/meter-amounts.ts';
import { assumedGraceMs } from '../../shared/invoice-standing.ts';
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
                             WHERE p.customer = e.customer AND p.meter = e.meter AND p.start_ms <= e.minute_ms AND p.end_ms > e.minute_ms
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
