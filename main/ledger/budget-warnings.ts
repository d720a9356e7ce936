/** The steps that budgets reached and that were told: kept, the newest ten thousand, so that none is told twice, whoever is restarted. */
import type { KeptBudgetWarning } from '../../shared/contract/limits-start.ts';
import type { Db } from '../system/db.ts';

const warningsMax = 10_000;

export function keepBudgetWarnings(db: Db, warnings: readonly KeptBudgetWarning[]): void {
  const insert = db.prepare<unknown[]>(
    `INSERT INTO budget_warnings (at_ms, budget_of, whose, per, period, limit_nano_usd, spent_nano_usd, percent, sentence)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  db.transaction(() => {
    for (const { atMs, of, whose, per, period, limitNanoUsd, spentNanoUsd, percent, sentence } of warnings)
      insert.run(atMs, of, whose, per, period, limitNanoUsd, spentNanoUsd, percent, sentence);
    db.prepare('DELETE FROM budget_warnings WHERE seq <= (SELECT MAX(seq) FROM budget_warnings) - ?').run(warningsMax);
  })();
}

/** Of the days and months from `month` ("YYYY-MM") on, the oldest first. */
export function readBudgetWarnings(db: Db, month: string): KeptBudgetWarning[] {
  return db
    .prepare<[string], KeptBudgetWarning>(
      `SELECT at_ms AS atMs, budget_of AS "of", whose, per, period, limit_nano_usd AS limitNanoUsd, spent_nano_usd AS spentNanoUsd, percent, sentence
         FROM budget_warnings WHERE period >= ? ORDER BY seq`,
    )
    .all(month);
}
