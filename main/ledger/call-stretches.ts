/**
 * The stretches of days in which calls of a filter stand, the newest first: what a page is read from. The rollups, which are few, name the days, so that
 * a member who made three calls last year, or none, is found without looking through a million rows. Holds what the rollups hold (`verify`).
 */
import type { CallsQuery } from '../../shared/contract/api.ts';
import type { Db } from '../system/db.ts';
import { firstInstantMs, type CallsFilter } from './call-conditions.ts';

/** Whole days, both included; undefined is without end. */
export type Stretch = { readonly from: string | undefined; readonly to: string | undefined };

type Day = { readonly day: string; readonly calls: number };
type Question = CallsFilter & Pick<CallsQuery, 'limit'>;

const dayMs = 86_400_000;

/** `beforeMs`: where a page goes on; days that begin after it hold nothing of the next one. Null for the first page. */
export function stretchesOf(db: Db, query: Question, beforeMs: number | null): readonly Stretch[] {
  const { from, to, member, project, model } = query;
  const counted = countedBy(query);
  const equal = Object.entries({ member, project, model }).filter((entry) => entry[1] !== undefined);
  // Most calls are of such a filter; asking first would only be slower.
  if (counted === 'calls' && equal.length === 0) return [{ from, to }];
  const where = ['day >= ?', 'day <= ?', ...equal.map(([column]) => `${column} = ?`)].join(' AND ');
  const days = db
    .prepare<unknown[], Day>(
      `SELECT day, SUM(${counted}) AS calls FROM rollups WHERE ${where} GROUP BY day HAVING SUM(${counted}) > 0 ORDER BY day DESC`,
    )
    .all(from ?? '', to ?? '9999', ...equal.map(([, value]) => value));
  const open = beforeMs === null ? days : days.filter(({ day }) => firstInstantMs(day) <= beforeMs);
  return stretchesFrom(open, query.limit);
}

/** Which of a rollup's counts holds at least the calls of the status. */
function countedBy({ status }: CallsFilter): string {
  switch (status) {
    case 'unpriced':
      return 'unpriced_calls';
    case 'estimated':
      return 'estimated_calls';
    case 'failed':
    case 'refused':
      return 'failed_calls';
    default:
      return 'calls';
  }
}

/** Days that follow one another are one stretch, until it should fill a page. */
function stretchesFrom(days: readonly Day[], limit: number): readonly Stretch[] {
  const stretches: { from: string; to: string; calls: number }[] = [];
  for (const { day, calls } of days) {
    const last = stretches.at(-1);
    if (last && last.calls <= limit && isDayBefore(day, last.from)) {
      last.from = day;
      last.calls += calls;
    } else stretches.push({ from: day, to: day, calls });
  }
  return stretches;
}

function isDayBefore(day: string, next: string): boolean {
  return Date.parse(next) - Date.parse(day) === dayMs;
}
