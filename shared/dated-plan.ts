/**
 * Plans with the minute from which each is in force. Pure.
 * A call is counted under the plan of the minute in which it started (decision 0003), however late it is written, corrected or released: no minute has two
 * plans, since a change begins with a minute that has not begun and that no call is counted in yet.
 */
import type { DatedPlan, Plan } from './contract/plan.ts';
import { defaultPlan } from './default-plan.ts';

const minuteMs = 60_000;

/** The plan of an instant. `plans` in order of time, the first from the beginning. */
export function planAt(plans: readonly DatedPlan[], atMs: number): DatedPlan | null {
  return plans.findLast(({ fromMs }) => fromMs <= atMs) ?? plans[0] ?? null;
}

/** The first whole minute that has not begun and in or after which nothing is counted. `lastCountedMinuteMs` is null where nothing is. */
export function firstFreeMinute(nowMs: number, lastCountedMinuteMs: number | null): number {
  const next = (Math.floor(nowMs / minuteMs) + 1) * minuteMs;
  return lastCountedMinuteMs === null ? next : Math.max(next, lastCountedMinuteMs + minuteMs);
}

export function isSamePlan(a: Plan, b: Plan): boolean {
  return planText(a) === planText(b);
}

/** One text for one plan: the order in which markups were typed changes nothing. */
export function planText(plan: Plan): string {
  const { kind, markupPercent, customerMarkupPercent, eventName, eventPrefix } = plan;
  const markups = Object.fromEntries(Object.entries(customerMarkupPercent).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify({ kind, markupPercent, customerMarkupPercent: markups, eventName, eventPrefix });
}

/** The other way. Only for what `planText` wrote: a plan is checked where it comes in, and not again (what it lacks is of a version that had no such field). */
export function planOfText(text: string): Plan {
  return { ...defaultPlan, ...(JSON.parse(text) as Partial<Plan>) };
}

/**
 * A meter that would count two units: null when there is none. A name is for good, so a plan may not use one that an earlier plan gave another meaning.
 */
export function clashingPlan(wish: Plan, earlier: readonly Plan[]): Plan | null {
  return earlier.find((plan) => doClash(wish, plan)) ?? null;
}

function doClash(a: Plan, b: Plan): boolean {
  if (a.kind === 'cost' && b.kind === 'cost') return false;
  if (a.kind === 'cost') return a.eventName.startsWith(`${b.eventPrefix}_`);
  if (b.kind === 'cost') return b.eventName.startsWith(`${a.eventPrefix}_`);
  return a.eventPrefix.startsWith(`${b.eventPrefix}_`) || b.eventPrefix.startsWith(`${a.eventPrefix}_`);
}
