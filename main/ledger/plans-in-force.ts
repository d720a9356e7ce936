/**
 * The dated plans of this ledger: which one a call is counted under, and putting another in force. A plan that has begun stays as it is for good; one that
 * has not begun and that nothing is counted under is replaced. Runs in the writer; `use` is one transaction.
 *
 * A ledger without any takes the plan it is given from the beginning on. The clock of the machine may have been ahead: a plan never begins before a minute
 * in which something is counted already.
 */
import type { DatedPlan, Plan } from '../../shared/contract/plan.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { clashingPlan, firstFreeMinute, isSamePlan, planAt, planOfText, planText } from '../../shared/dated-plan.ts';
import { meterEventStates } from '../../shared/meter-event-states.ts';
import type { Db } from '../system/db.ts';

export type PlanWish = { readonly plan: Plan; readonly nowMs: number };

export type PlansInForce = {
  readonly at: (atMs: number) => DatedPlan;
  readonly bySeq: (seq: number) => DatedPlan | null;
  /** Returns whether anything changed. @throws AppError `bad_usage` when a meter of the plan has counted another unit here. */
  readonly use: (wish: PlanWish) => boolean;
  /** The transaction failed: what it wrote is read again. */
  readonly forget: () => void;
};

/** `first` is in force from the beginning where the ledger has no plan yet. */
export function createPlansInForce(db: Db, first: Plan): PlansInForce {
  let plans: readonly DatedPlan[] | null = null;

  function known(): readonly DatedPlan[] {
    plans ??= readPlans(db);
    if (plans.length > 0) return plans;
    db.prepare('INSERT INTO plans (from_ms, set_at_ms, plan) VALUES (0, 0, ?)').run(planText(first));
    plans = readPlans(db);
    return plans;
  }

  function at(atMs: number): DatedPlan {
    const all = known();
    const last = all.at(-1);
    // Nearly every call.
    if (last !== undefined && last.fromMs <= atMs) return last;
    const found = planAt(all, atMs);
    if (found === null) throw new Error('a ledger has a plan from the beginning on');
    return found;
  }

  function use({ plan, nowMs }: PlanWish): boolean {
    const before = known();
    const last = before.at(-1);
    if (last !== undefined && isSamePlan(last.plan, plan)) return false;
    refuseClash(
      plan,
      before.map((dated) => dated.plan),
    );
    // What a failed transaction wrote is gone, and is read again.
    plans = null;
    db.transaction(() => {
      const fromMs = firstFreeMinute(nowMs, lastCountedMinute(db));
      db.prepare('DELETE FROM plans WHERE from_ms >= ?').run(fromMs);
      const stays = readPlans(db).at(-1);
      if (stays !== undefined && isSamePlan(stays.plan, plan)) return;
      db.prepare('INSERT INTO plans (from_ms, set_at_ms, plan) VALUES (?, ?, ?)').run(fromMs, nowMs, planText(plan));
    })();
    return true;
  }

  return {
    at,
    bySeq: (seq) => known().find((dated) => dated.seq === seq) ?? null,
    use,
    forget: () => {
      plans = null;
    },
  };
}

/** In order of time. Empty before the first call and the first start. */
export function readPlans(db: Db): DatedPlan[] {
  return db
    .prepare<[], Omit<DatedPlan, 'plan'> & { readonly plan: string }>(
      'SELECT seq, from_ms AS fromMs, set_at_ms AS setAtMs, plan FROM plans ORDER BY from_ms',
    )
    .all()
    .map(({ plan, ...dated }) => ({ ...dated, plan: planOfText(plan) }));
}

/** Each is one look into the index of the states; the last minute of all of them would read every event there is. */
const ofEachState = meterEventStates
  .map((state) => `UNION ALL SELECT MAX(minute_ms) FROM meter_events WHERE state = '${state}'`)
  .join(' ');

/** The last minute in which anything is counted; null in a ledger that counts nothing yet. */
export function lastCountedMinute(db: Db): number | null {
  const last = db
    .prepare<[], number | null>(
      `SELECT MAX(minute_ms) FROM (SELECT MAX(minute_ms) AS minute_ms FROM outbox_shares WHERE event_id IS NULL ${ofEachState})`,
    )
    .pluck()
    .get();
  return last ?? null;
}

/** @throws AppError `bad_usage` when a meter of the plan has the name of one that counts another unit under another plan of this ledger. */
export function refuseClash(plan: Plan, before: readonly Plan[]): void {
  if (clashingPlan(plan, before) === null) return;
  throw new AppError(
    'bad_usage',
    'A meter of this plan would have the name of one that has counted another unit here.',
    'Give the plan another eventName or eventPrefix.',
  );
}
