/** What limits stopped, and what it would have cost: of the calls of a filter, or of a month. By an index of its own, of at most the newest 100,000. */
import type { RefusedSum } from '../../shared/contract/api.ts';
import type { Db } from '../system/db.ts';
import { otherConditions, rangeConditions, type CallsFilter } from './call-conditions.ts';

export const refusedMax = 100_000;

/** `calls` is `atMost` where there may be more. */
export function readRefusedSum(db: Db, query: CallsFilter, atMost = refusedMax): RefusedSum {
  const range = rangeConditions(query);
  const other = otherConditions(query);
  const row = db
    .prepare<unknown[], RefusedSum>(
      `SELECT COUNT(*) AS calls, COALESCE(SUM(would_cost_nano_usd), 0) AS wouldCostNanoUsd,
              COALESCE(SUM(would_cost_nano_usd IS NULL), 0) AS unpricedCalls
         FROM (SELECT would_cost_nano_usd FROM current_calls
                WHERE status = 'refused' AND ${range.sql} AND ${other.sql} ORDER BY started_at_ms DESC LIMIT ?)`,
    )
    .get(...range.values, ...other.values, atMost);
  if (!row) throw new Error('an aggregate without groups always has one row');
  return row;
}

/** `month` is "YYYY-MM"; no month has a day beyond the 31st, and none is missed by asking for it. */
export function readRefusedOfMonth(db: Db, month: string): RefusedSum {
  return readRefusedSum(db, { from: `${month}-01`, to: `${month}-31` });
}
