/**
 * What the limits go on from: what everybody has spent this month and yesterday, the turns of the last hour, the warnings of the last day, and what the
 * last engine had learnt. The spend is read from the rollups, so a million calls cost nothing here; of the turns at most 2,000 are read.
 */
import type { BudgetSums, DaySpend, LimitsStart, TurnRow } from '../../shared/contract/limits-start.ts';
import { previousMonth, monthOfDay } from '../../shared/period.ts';
import { readUsage } from '../../shared/usage.ts';
import type { Db } from '../system/db.ts';
import { readReservedBatches } from './batches.ts';
import { readBudgetWarnings } from './budget-warnings.ts';
import { readParents } from './conversation-parents.ts';
import { readFact } from './facts.ts';
import { readWarnings } from './warnings.ts';

export type LimitsQuestion = { readonly today: string; readonly nowMs: number };

const hourMs = 3_600_000;
const turnsMax = 2_000;
const parentsMax = 2_000;

export function readLimitsStart(db: Db, { today, nowMs }: LimitsQuestion): LimitsStart {
  return {
    ...readBudgetSums(db, { today, nowMs }),
    turns: readTurns(db, nowMs - hourMs),
    warnings: readWarnings(db, nowMs - 24 * hourMs),
    budgetWarnings: readBudgetWarnings(db, previousMonth(monthOfDay(today))),
    parents: readParents(db, parentsMax),
    memory: readFact(db, 'limits_memory'),
  };
}

export function readBudgetSums(db: Db, { today, nowMs }: LimitsQuestion): BudgetSums {
  return { spend: readDaySpend(db, today), batches: readReservedBatches(db, nowMs) };
}

/** This month and, on its first day, the one before: what began before midnight may end after it. */
export function readDaySpend(db: Db, today: string): DaySpend[] {
  const month = monthOfDay(today);
  const from = today.endsWith('-01') ? previousMonth(month) : month;
  return db
    .prepare<[string], DaySpend>(
      `SELECT day, NULLIF(member, '') AS member, NULLIF(project, '') AS project, NULLIF(customer, '') AS customer,
              SUM(cost_nano_usd) AS costNanoUsd
         FROM rollups WHERE day >= ? GROUP BY day, member, project, customer HAVING SUM(cost_nano_usd) <> 0`,
    )
    .all(from);
}

type StoredTurn = Omit<TurnRow, 'usage'> & { readonly usageJson: string | null };

function readTurns(db: Db, sinceMs: number): TurnRow[] {
  return db
    .prepare<[number, number], StoredTurn>(
      `SELECT conversation, project, requested_model AS requestedModel, started_at_ms AS startedAtMs, ended_at_ms AS endedAtMs,
              cost_nano_usd AS costNanoUsd, input_tokens AS inputTokens, cache_write_5m_tokens AS cacheWrite5mTokens,
              cache_write_1h_tokens AS cacheWrite1hTokens, cache_read_tokens AS cacheReadTokens, output_tokens AS outputTokens,
              usage_json AS usageJson
         FROM current_calls WHERE started_at_ms >= ? AND source = 'proxy' AND conversation IS NOT NULL AND pass_count > 0
        ORDER BY started_at_ms DESC LIMIT ?`,
    )
    .all(sinceMs, turnsMax)
    .toReversed()
    .map(({ usageJson, ...turn }) => ({
      ...turn,
      usage: usageJson === null ? null : readUsage(JSON.parse(usageJson)),
    }));
}
