/**
 * Why the calls of a month have no price, grouped. The rollups tell how many there are and on which days, so that a month without any costs
 * nothing and other days are not looked at; of those days the newest calls are read, up to a limit, and what is beyond it is counted.
 */
import type { UnpricedView } from '../../shared/contract/unpriced.ts';
import { nextMonth } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';
import { rangeConditions } from './call-conditions.ts';

const scannedMax = 100_000;
const reasonsMax = 20;

type DayCount = { readonly day: string; readonly calls: number };
type Reason = UnpricedView['reasons'][number];

export type UnpricedQuestion = { readonly month: string };

export function readUnpriced(db: Db, { month }: UnpricedQuestion, scannedAtMost = scannedMax): UnpricedView {
  const days = db
    .prepare<[string, string], DayCount>(
      `SELECT day, SUM(unpriced_calls) AS calls FROM rollups WHERE day >= ? AND day < ? AND unpriced_calls > 0
        GROUP BY day ORDER BY day DESC`,
    )
    .all(month, nextMonth(month));
  const calls = days.reduce((sum, day) => sum + day.calls, 0);
  const reasons = readReasons(db, days, scannedAtMost).slice(0, reasonsMax);
  const told = reasons.reduce((sum, reason) => sum + reason.calls, 0);
  // A call that was settled between the two reads is in the reasons and not in the sum.
  return { month, calls: Math.max(calls, told), reasons, otherCalls: Math.max(0, calls - told) };
}

/** How many of all calls have no price. */
export function countUnpriced(db: Db): number {
  const count = db.prepare<[], number>('SELECT COUNT(*) FROM current_calls WHERE cost_nano_usd IS NULL').pluck();
  return count.get() ?? 0;
}

/** Day by day, the newest first, until as many calls were looked at as may be. */
function readReasons(db: Db, days: readonly DayCount[], scannedAtMost: number): Reason[] {
  const found = new Map<string, Reason>();
  let left = scannedAtMost;
  for (const { day } of days) {
    if (left <= 0) break;
    const { scanned, reasons } = readDay(db, day, left);
    left -= scanned;
    for (const reason of reasons) {
      const known = found.get(reason.reason);
      found.set(reason.reason, known ? { ...known, calls: known.calls + reason.calls } : reason);
    }
  }
  return [...found.values()].toSorted((a, b) => b.calls - a.calls || b.lastStartedAtMs - a.lastStartedAtMs);
}

function readDay(db: Db, day: string, scannedAtMost: number): { scanned: number; reasons: Reason[] } {
  const range = rangeConditions({ from: day, to: day });
  const rows = db
    .prepare<unknown[], Omit<Reason, 'reason'> & { readonly reason: string | null }>(
      `SELECT unpriced_reason AS reason, COUNT(*) AS calls, MAX(started_at_ms) AS lastStartedAtMs
         FROM (SELECT unpriced_reason, started_at_ms FROM current_calls WHERE ${range.sql} ORDER BY started_at_ms DESC LIMIT ?)
        GROUP BY unpriced_reason`,
    )
    .all(...range.values, scannedAtMost);
  return {
    scanned: rows.reduce((sum, row) => sum + row.calls, 0),
    reasons: rows.flatMap(({ reason, ...row }) => (reason === null ? [] : [{ ...row, reason }])),
  };
}
