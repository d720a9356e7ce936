/** The models that calls had which came to something, the most expensive first. Reading side only. */
import type { Db } from '../system/db.ts';

const modelsMax = 100;

export function readUsedModels(db: Db): string[] {
  return db
    .prepare<[number], string>(
      `SELECT model FROM rollups WHERE model <> '' AND calls > failed_calls GROUP BY model ORDER BY SUM(cost_nano_usd) DESC, model LIMIT ?`,
    )
    .pluck()
    .all(modelsMax);
}
