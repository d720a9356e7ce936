/** The plan view from what the ledger and the settings file say. Pure. */
import type { Plan } from './contract/plan.ts';
import { defaultPlan } from './default-plan.ts';
import type { PlanFacts, PlanView } from './contract/plan-view.ts';
import { firstFreeMinute, planAt } from './dated-plan.ts';

export type PlanSources = {
  readonly facts: PlanFacts & { readonly lastCountedMinuteMs: number | null };
  readonly nowMs: number;
  readonly file: string;
  readonly inFile: Plan | null;
  readonly revision: string | null;
  readonly trouble: PlanView['trouble'];
};

export function planViewOf({ facts: { lastCountedMinuteMs, ...facts }, nowMs, ...file }: PlanSources): PlanView {
  // A ledger that was never opened has no plan yet: the first start takes the file's from the beginning.
  const plan = file.inFile ?? defaultPlan;
  const inForce = planAt(facts.plans, nowMs) ?? { seq: 0, fromMs: 0, setAtMs: 0, plan };
  const next = facts.plans.find(({ fromMs }) => fromMs > Math.max(nowMs, inForce.fromMs)) ?? null;
  return { ...file, ...facts, inForce, next, changeFromMs: firstFreeMinute(nowMs, lastCountedMinuteMs) };
}
