/**
 * What the limits go on from: what everybody has spent this month and yesterday, the turns of the last hour, the warnings of the last day, and what the
 * last engine had learnt. The spend is read from the rollups, so a million calls cost nothing here; of the turns at most 2,000 are read.
 */
import { previousMonth, monthOfDay } from '../../shared/period.ts';
import { readUsage, type TokenCounts, type Usage } from '../../shared/usage.ts';
import type { Db } from '../system/db.ts';
import { readReservedBatches, type ReservedBatch } from './batches.ts';
import { readBudgetWarnings, type KeptBudgetWarning } from './budget-warnings.ts';
import { readParents, type ConversationParent } from './conversation-parents.ts';
import { readFact } from './facts.ts';
import { readWarnings, type KeptWarning } from './warnings.ts';

/** What one attribution spent on one day. */
export type SpendOfDay = {
  readonly day: string;
  readonly member: string | null;
  readonly project: string | null;
  readonly customer: string | null;
  readonly costNanoUsd: number;
};

export type TurnOfHour = TokenCounts & {
  readonly conversation: string;
  readonly project: string | null;
  readonly requestedModel: string | null;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly costNanoUsd: number | null;
  /** Where it had passes of its own. */
  readonly usage: Usage | null;
};

/** What bears on budgets, of one moment. */
export type BudgetSums = { readonly spend: readonly SpendOfDay[]; readonly batches: readonly ReservedBatch[] };

export type LimitsStart = BudgetSums & {
  /** The oldest first. */
  readonly turns: readonly TurnOfHour[];
  readonly warnings: readonly KeptWarning[];
  /** Of this month and the one before, the oldest first. */
  readonly budgetWarnings: readonly KeptBudgetWarning[];
  /** The newest, the oldest first. */
  readonly parents: readonly ConversationParent[];
  /** JSON; null before the first engine that had limits. */
  readonly memory: string | null;
};

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
export function readDaySpend(db: Db, today: string): SpendOfDay[] {
  const month = monthOfDay(today);
  const from = today.endsWith('-01') ? previousMonth(month) : month;
  return db
    .prepare<[string], SpendOfDay>(
      `SELECT day, NULLIF(member, '') AS member, NULLIF(project, '') AS project, NULLIF(customer, '') AS customer,
              SUM(cost_nano_usd) AS costNanoUsd
         FROM rollups WHERE day >= ? GROUP BY day, member, project, customer HAVING SUM(cost_nano_usd) <> 0`,
    )
    .all(from);
}

type StoredTurn = Omit<TurnOfHour, 'usage'> & { readonly usageJson: string | null };

function readTurns(db: Db, sinceMs: number): TurnOfHour[] {
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
