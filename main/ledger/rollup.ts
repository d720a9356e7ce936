/**
 * Rollups: sums per day and attribution, so that a month view reads hundreds of rows instead of a million. They always equal the sum
 * of the calls (`verify`). Days are those of the ledger's time zone; when the zone changes every day is found again.
 */
import { createDayOf } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';
import { readFact, writeFact } from './facts.ts';

/** The rollups as the calls say they should be: rebuilt from nothing, and what `verify` compares with. */
export const rollupsFromCalls = rollupsOfCalls('TRUE');

/** Of the calls that this SQL condition names. */
export function rollupsOfCalls(condition: string): string {
  return `
  SELECT day, COALESCE(member, '') AS member, COALESCE(project, '') AS project, COALESCE(customer, '') AS customer,
         COALESCE(model, requested_model, '') AS model, COUNT(*) AS calls,
         SUM(status IN ('failed', 'refused')) AS failed_calls, SUM(cost_nano_usd IS NULL) AS unpriced_calls,
         SUM(is_estimated) AS estimated_calls, SUM(COALESCE(cost_nano_usd, 0)) AS cost_nano_usd, SUM(input_tokens) AS input_tokens,
         SUM(cache_write_5m_tokens) AS cache_write_5m_tokens, SUM(cache_write_1h_tokens) AS cache_write_1h_tokens,
         SUM(cache_read_tokens) AS cache_read_tokens, SUM(output_tokens) AS output_tokens,
         SUM(web_search_requests) AS web_search_requests
    FROM current_calls WHERE ${condition} GROUP BY 1, 2, 3, 4, 5`;
}

/** One transaction; a ledger of the same zone is left alone. @throws RangeError when the zone is unknown. */
export function moveRollupsToZone(db: Db, timeZone: string): void {
  if (readFact(db, 'time_zone') === timeZone) return;
  const dayOf = createDayOf(timeZone);
  db.transaction(() => {
    // The quarter of an hour decides the day, so each is named once however many calls stand in it.
    const quarters = db
      .prepare<[], { quarter: number }>('SELECT DISTINCT started_at_ms / 900000 AS quarter FROM calls')
      .all();
    const setDay = db.prepare('UPDATE calls SET day = ? WHERE started_at_ms >= ? AND started_at_ms < ?');
    for (const { quarter } of quarters)
      setDay.run(dayOf(quarter * 900_000), quarter * 900_000, (quarter + 1) * 900_000);
    db.exec(`DELETE FROM rollups; INSERT INTO rollups ${rollupsFromCalls}`);
    writeFact(db, 'time_zone', timeZone);
  })();
}
