/** Sums of spend from the rollups: a day, a month, a month by one dimension. Reads rollups only (and the refused calls, which have an index), so a million calls cost nothing here. */
import type { MonthDimension, MonthView, Spend } from '../../shared/contract/api.ts';
import { daysOfMonth, monthOfDay, nextMonth, previousMonth } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';
import { readRefusedOfMonth } from './read-refused.ts';

const spendColumns = `
  COALESCE(SUM(cost_nano_usd), 0) AS costNanoUsd, COALESCE(SUM(calls), 0) AS calls, COALESCE(SUM(failed_calls), 0) AS failedCalls, COALESCE(SUM(unpriced_calls), 0) AS unpricedCalls,
  COALESCE(SUM(estimated_calls), 0) AS estimatedCalls, COALESCE(SUM(input_tokens), 0) AS inputTokens,
  COALESCE(SUM(cache_write_5m_tokens + cache_write_1h_tokens), 0) AS cacheWriteTokens,
  COALESCE(SUM(cache_read_tokens), 0) AS cacheReadTokens, COALESCE(SUM(output_tokens), 0) AS outputTokens`;

/** Days from `from` on and before `before`, both "YYYY-MM-DD" (or a month as the first half of one). */
export function readSpend(db: Db, from: string, before: string): Spend {
  const row = db
    .prepare<[string, string], Spend>(`SELECT ${spendColumns} FROM rollups WHERE day >= ? AND day < ?`)
    .get(from, before);
  if (!row) throw new Error('an aggregate without groups always has one row');
  return row;
}

export type MonthQuestion = {
  readonly month: string;
  readonly by: MonthDimension;
  readonly today: string;
  readonly timeZone: string;
};

/** From the newest month to the next older one by the key of the table: DISTINCT would read every row of every month. */
const newestMonths = `
  WITH RECURSIVE newest (day) AS (
    SELECT MAX(day) FROM rollups
    UNION ALL SELECT (SELECT MAX(day) FROM rollups WHERE day < substr(newest.day, 1, 7)) FROM newest WHERE newest.day IS NOT NULL)
  SELECT substr(day, 1, 7) FROM newest WHERE day IS NOT NULL LIMIT 120`;

export function readMonth(db: Db, { month, by, today, timeZone }: MonthQuestion): MonthView {
  const monthBefore = previousMonth(month);
  const days = daysOfMonth(month);
  // A month that is not over is compared with as many days of the month before, else "less than October" is always true.
  const comparedDays = monthOfDay(today) === month ? days.filter((day) => day <= today).length : days.length;
  const comparedEnd = `${monthBefore}-${String(comparedDays).padStart(2, '0')}~`;
  const previousByKey = new Map(
    readByKey(db, by, monthBefore, comparedEnd).map(({ key, spend: { costNanoUsd, unpricedCalls } }) => [
      key,
      { costNanoUsd, unpricedCalls },
    ]),
  );
  const rows = readByKey(db, by, month, nextMonth(month));
  return {
    month,
    timeZone,
    by,
    total: readSpend(db, month, nextMonth(month)),
    refused: readRefusedOfMonth(db, month),
    previous: { month: monthBefore, total: readSpend(db, monthBefore, comparedEnd), comparedDays },
    rows: rows.map(({ key, spend }) => ({ key, spend, previous: previousByKey.get(key) ?? nothing })),
    days: readDays(
      db,
      by,
      month,
      days,
      rows.map((row) => row.key),
    ),
    months: db.prepare<[], string>(newestMonths).pluck().all(),
  };
}

const nothing = { costNanoUsd: 0, unpricedCalls: 0 };

type KeyedSpend = { readonly key: string | null; readonly spend: Spend };

/** Rows by falling cost, at most 500: a screen shows no more, and the total is read apart. */
function readByKey(db: Db, by: MonthDimension, from: string, before: string): KeyedSpend[] {
  const rows = db
    .prepare<[string, string], Spend & { key: string }>(
      `SELECT ${by} AS key, ${spendColumns} FROM rollups WHERE day >= ? AND day < ? GROUP BY ${by} ORDER BY costNanoUsd DESC, key LIMIT 500`,
    )
    .all(from, before);
  return rows.map(({ key, ...spend }) => ({ key: key === '' ? null : key, spend }));
}

type DayCell = {
  readonly day: string;
  readonly key: string;
  readonly costNanoUsd: number;
  readonly unpricedCalls: number;
};

function readDays(
  db: Db,
  by: MonthDimension,
  month: string,
  days: readonly string[],
  keys: readonly (string | null)[],
): MonthView['days'] {
  const cells = db
    .prepare<[string, string], DayCell>(
      `SELECT day, ${by} AS key, SUM(cost_nano_usd) AS costNanoUsd, SUM(unpriced_calls) AS unpricedCalls
         FROM rollups WHERE day >= ? AND day < ? GROUP BY day, ${by}`,
    )
    .all(month, nextMonth(month));
  const rank = new Map(keys.map((key, index) => [key, index]));
  return days.map((day) => {
    const ofDay = cells.filter((cell) => cell.day === day);
    const parts = ofDay
      .filter(({ costNanoUsd }) => costNanoUsd !== 0)
      .map(({ key, costNanoUsd }) => ({ key: key === '' ? null : key, costNanoUsd }))
      .toSorted((a, b) => (rank.get(a.key) ?? 0) - (rank.get(b.key) ?? 0));
    return {
      day,
      costNanoUsd: parts.reduce((sum, part) => sum + part.costNanoUsd, 0),
      unpricedCalls: ofDay.reduce((sum, cell) => sum + cell.unpricedCalls, 0),
      parts,
    };
  });
}
