/**
 * The part of `verify` that knows plans: every share is of the plan of its minute and on a meter of that plan, every meter has one unit, and what a
 * token plan counts is counted. Names what differs in plain words; changes nothing. Shares of before plans were dated are of the plan they were given then.
 */
import type { Plan } from '../../shared/contract/plan.ts';
import { planAt, planOfText } from '../../shared/dated-plan.ts';
import { dueShares } from '../../shared/due-shares.ts';
import { minuteOf } from '../../shared/period.ts';
import { costMeter, tokenMeter, type PlannedMeter } from '../../shared/plan-meters.ts';
import type { Db } from '../system/db.ts';
import { prepareReadCall } from './call-row.ts';
import { readPlans } from './plans-in-force.ts';

export type PlanFinding = { readonly check: 'plans'; readonly sentence: string };

/** Bounded as the other checks are. */
export function verifyPlans(db: Db, findingsMax: number): PlanFinding[] {
  const sentences = [
    ...sharesOfAnotherPlan(db, findingsMax),
    ...metersOfAnotherPlan(db).slice(0, findingsMax),
    ...unitsThatDiffer(db, findingsMax),
    ...countedNowhere(db, findingsMax),
  ];
  return sentences.map((sentence) => ({ check: 'plans', sentence }));
}

function sharesOfAnotherPlan(db: Db, limit: number): string[] {
  return db
    .prepare<[number], string>(
      `SELECT DISTINCT c.id FROM outbox_shares s JOIN calls c ON c.seq = s.call_seq
        WHERE s.plan IS NOT NULL AND s.plan IS NOT (SELECT p.seq FROM plans p WHERE p.from_ms <= s.minute_ms ORDER BY p.from_ms DESC LIMIT 1) LIMIT ?`,
    )
    .pluck()
    .all(limit)
    .map((id) => `${id} is counted under another plan than that of its minute.`);
}

type UsedMeter = Pick<PlannedMeter, 'unit' | 'tokenClass' | 'model'> & {
  readonly meter: string;
  readonly plan: string;
};

function metersOfAnotherPlan(db: Db): string[] {
  const used = db
    .prepare<[], UsedMeter>(
      `SELECT s.meter, u.unit, u.token_class AS tokenClass, u.model, p.plan
         FROM (SELECT DISTINCT plan, meter FROM outbox_shares) s JOIN plans p ON p.seq = s.plan LEFT JOIN meter_units u USING (meter)`,
    )
    .all();
  return used
    .filter(({ plan, ...meter }) => !isMeterOf(planOfText(plan), meter))
    .map(({ meter }) => `The meter ${meter} is none of the plan that counts on it.`);
}

function isMeterOf(plan: Plan, { meter, unit, tokenClass, model }: Omit<UsedMeter, 'plan'>): boolean {
  const isToken = plan.kind !== 'cost';
  if (isToken !== (tokenClass !== null) || (plan.kind === 'tokens-by-model') !== (model !== null)) return false;
  const planned = tokenClass === null ? costMeter(plan) : tokenMeter(plan, tokenClass, model);
  return planned.eventName === meter && planned.unit === unit;
}

function unitsThatDiffer(db: Db, limit: number): string[] {
  return db
    .prepare<[number], string>(
      `SELECT e.id FROM meter_events e LEFT JOIN meter_units u USING (meter) WHERE e.unit IS NOT u.unit
       UNION SELECT s.meter FROM outbox_shares s LEFT JOIN meter_units u USING (meter) WHERE u.unit IS NULL LIMIT ?`,
    )
    .pluck()
    .all(limit)
    .map((id) => `${id} has not the unit of its meter.`);
}

/** Calls with tokens and no share, in minutes of a token plan: those that such a plan counts. */
function countedNowhere(db: Db, limit: number): string[] {
  const plans = readPlans(db);
  if (plans.every(({ plan }) => plan.kind === 'cost')) return [];
  const readCall = prepareReadCall(db);
  const candidates = db
    .prepare<[], { readonly id: string; readonly startedAtMs: number }>(
      `SELECT c.id, c.started_at_ms AS startedAtMs FROM current_calls c
        WHERE c.source IN ('proxy', 'batch') AND c.customer IS NOT NULL
          AND c.input_tokens + c.output_tokens + c.cache_write_5m_tokens + c.cache_write_1h_tokens + c.cache_read_tokens + c.web_search_requests > 0
          AND NOT EXISTS (SELECT 1 FROM calls r JOIN outbox_shares s ON s.call_seq = r.seq WHERE r.id = c.id)`,
    )
    .all();
  const missing: string[] = [];
  for (const { id, startedAtMs } of candidates) {
    const plan = planAt(plans, minuteOf(startedAtMs))?.plan;
    if (plan === undefined || plan.kind === 'cost') continue;
    const stored = readCall(id);
    if (stored === null) continue;
    if (dueShares({ call: stored.call, lines: () => stored.lines, nameOf: (model) => model }, plan).length === 0)
      continue;
    missing.push(`${id} has a customer and tokens and is in no meter event, sealed or open.`);
    if (missing.length >= limit) break;
  }
  return missing;
}
