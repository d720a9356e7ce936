/** The plans of this ledger, and what a person who changes the plan should see. Reading side only. */
import type { PlanFacts } from '../../shared/contract/plan-view.ts';
import type { Db } from '../system/db.ts';
import { lastCountedMinute, readPlans } from './plans-in-force.ts';

const metersMax = 100;
const modelsMax = 200;

export type StoredPlanFacts = PlanFacts & { readonly lastCountedMinuteMs: number | null };

export function readPlanFacts(db: Db): StoredPlanFacts {
  return db.transaction(() => ({
    plans: readPlans(db),
    waiting: db
      .prepare<[number], PlanFacts['waiting'][number]>(
        `SELECT e.meter, u.unit, u.token_class AS tokenClass, u.model, COUNT(*) AS events, SUM(e.worth_nano_usd) AS worthNanoUsd
           FROM meter_events e JOIN meter_units u USING (meter)
          WHERE e.state IN ('sealed', 'sending', 'unknown') GROUP BY e.meter ORDER BY e.meter LIMIT ?`,
      )
      .all(metersMax),
    models: db
      .prepare<[number], string>(
        `SELECT DISTINCT model FROM rollups WHERE customer <> '' AND model <> '' ORDER BY model LIMIT ?`,
      )
      .pluck()
      .all(modelsMax),
    lastCountedMinuteMs: lastCountedMinute(db),
  }))();
}
