/**
 * What the calls of a filter come to. The rollups answer where they know it, for any number of calls; else the newest calls of the days are
 * added up, and the answer says so when there were more.
 */
import type { CallsTotal } from '../../shared/contract/api.ts';
import type { Db } from '../system/db.ts';
import { otherConditions, rangeConditions, type CallsFilter } from './call-conditions.ts';
import { readRefusedSum } from './read-refused.ts';

/** A few tenths of a second on a slow disk, and the reader thread serves every screen. */
const scannedMax = 100_000;

export function readCallsTotal(db: Db, query: CallsFilter, scannedAtMost = scannedMax): CallsTotal {
  const { conversation, client, user, book, reason, status } = query;
  const isInRollups = [conversation, client, user, book, reason].every((value) => value === undefined);
  const total =
    isInRollups && (status === undefined || status === 'unpriced')
      ? fromRollups(db, query)
      : fromCalls(db, query, scannedAtMost);
  const refused = readRefusedSum(db, query, scannedAtMost);
  return { ...total, refused, isWhole: total.isWhole && refused.calls < scannedAtMost };
}

type Sums = Omit<CallsTotal, 'refused'>;

function fromRollups(db: Db, { member, project, model, from, to, status }: CallsFilter): Sums {
  const equal = Object.entries({ member, project, model }).filter((entry) => entry[1] !== undefined);
  const where = ['day >= ?', 'day <= ?', ...equal.map(([column]) => `${column} = ?`)].join(' AND ');
  const row = db
    .prepare<unknown[], Omit<Sums, 'isWhole'>>(
      `SELECT COALESCE(SUM(calls), 0) AS calls, COALESCE(SUM(cost_nano_usd), 0) AS costNanoUsd,
              COALESCE(SUM(unpriced_calls), 0) AS unpricedCalls, COALESCE(SUM(estimated_calls), 0) AS estimatedCalls
         FROM rollups WHERE ${where}`,
    )
    .get(from ?? '', to ?? '9999', ...equal.map(([, value]) => value));
  if (!row) throw new Error('an aggregate without groups always has one row');
  if (status === undefined) return { ...row, isWhole: true };
  const { unpricedCalls } = row;
  return { calls: unpricedCalls, costNanoUsd: 0, unpricedCalls, estimatedCalls: 0, isWhole: true };
}

type Scan = Omit<Sums, 'isWhole'> & { readonly scanned: number };

function fromCalls(db: Db, query: CallsFilter, scannedAtMost: number): Sums {
  const range = rangeConditions(query);
  const other = otherConditions(query);
  const row = db
    .prepare<unknown[], Scan>(
      `SELECT COUNT(*) AS scanned, COALESCE(SUM(is_match), 0) AS calls,
              COALESCE(SUM(CASE WHEN is_match THEN cost_nano_usd END), 0) AS costNanoUsd,
              COALESCE(SUM(is_match AND cost_nano_usd IS NULL), 0) AS unpricedCalls,
              COALESCE(SUM(is_match AND is_estimated), 0) AS estimatedCalls
         FROM (SELECT cost_nano_usd, is_estimated, (${other.sql}) AS is_match FROM current_calls
                WHERE ${range.sql} ORDER BY started_at_ms DESC LIMIT ?)`,
    )
    .get(...other.values, ...range.values, scannedAtMost);
  if (!row) throw new Error('an aggregate without groups always has one row');
  const { scanned, ...total } = row;
  return { ...total, isWhole: scanned < scannedAtMost };
}
