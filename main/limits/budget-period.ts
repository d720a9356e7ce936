/** Days and months of a budget, in the team's time zone: which one an instant is in, and when the next begins. Pure. */
import type { BudgetPeriod } from '../../shared/contract/limits.ts';
import { dayStartMs, monthOfDay, nextMonth } from '../../shared/period.ts';

const dayMs = 86_400_000;

/** `day` is "YYYY-MM-DD" in the team's zone; the period is that day or its month. */
export function periodOf(per: BudgetPeriod, day: string): string {
  return per === 'day' ? day : monthOfDay(day);
}

/** The day on which the next period begins. */
export function resetDayOf(per: BudgetPeriod, day: string): string {
  if (per === 'month') return `${nextMonth(monthOfDay(day))}-01`;
  return new Date(Date.parse(`${day}T00:00:00Z`) + dayMs).toISOString().slice(0, 10);
}

/** Whole seconds to the first instant of the next period, at least one. */
export function secondsToReset(per: BudgetPeriod, day: string, timeZone: string, nowMs: number): number {
  return Math.max(1, Math.ceil((dayStartMs(resetDayOf(per, day), timeZone) - nowMs) / 1_000));
}
