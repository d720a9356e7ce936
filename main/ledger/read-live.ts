/** What the live meter starts from: today's and this month's sums, the last hour by minute, the newest calls. */
import type { CallRow, Spend } from '../../shared/contract/api.ts';
import { minuteOf, monthOfDay, nextMonth } from '../../shared/period.ts';
import type { CalibrationState } from '../../shared/output-estimate.ts';
import type { Db } from '../system/db.ts';
import { readFact } from './facts.ts';
import { readCalls } from './read-calls.ts';
import { readSpend } from './read-spend.ts';

export type MinuteSum = { readonly minuteMs: number; readonly costNanoUsd: number; readonly unpricedCalls: number };

export type LiveStart = {
  readonly today: Spend;
  readonly month: Spend;
  readonly minutes: readonly MinuteSum[];
  /** Newest first: enough to show, and to find the conversations of the last hour again. */
  readonly recent: readonly CallRow[];
  readonly ledgerCalls: number;
  /** What the last engine had learnt of each model's output. */
  readonly calibration: CalibrationState;
};

export type LiveQuestion = { readonly today: string; readonly nowMs: number };

export function readLiveStart(db: Db, { today, nowMs }: LiveQuestion): LiveStart {
  const month = monthOfDay(today);
  const hourAgoMs = minuteOf(nowMs) - 59 * 60_000;
  const minutes = db
    .prepare<[number], MinuteSum>(
      `SELECT started_at_ms / 60000 * 60000 AS minuteMs, SUM(COALESCE(cost_nano_usd, 0)) AS costNanoUsd,
              SUM(cost_nano_usd IS NULL) AS unpricedCalls
         FROM current_calls WHERE started_at_ms >= ? GROUP BY 1 ORDER BY 1`,
    )
    .all(hourAgoMs);
  return {
    today: readSpend(db, today, `${today}~`),
    month: readSpend(db, month, nextMonth(month)),
    minutes,
    recent: readCalls(db, { limit: 200 }).calls,
    calibration: JSON.parse(readFact(db, 'output_calibration') ?? '{}') as CalibrationState,
    ledgerCalls: db.prepare<[], number>('SELECT COALESCE(SUM(calls), 0) FROM rollups').pluck().get() ?? 0,
  };
}
