/** What leaves Stripe's 35-day window soon, in one sentence. Pure; days are those of the caller's zone. */
import { worthInWords, type Worth } from './meter-amount-words.ts';
import type { DayOf } from './period.ts';

const dayMs = 24 * 3_600_000;

export type Leaving = Worth & {
  readonly events: number;
  readonly atMs: number | null;
  readonly asOfMs: number;
};
export type LeavingQuestion = { readonly isOffline: boolean; readonly dayOf: DayOf };

/** Null when nothing leaves soon. */
export function leavingSentence(
  { atMs, asOfMs, ...worth }: Leaving,
  { isOffline, dayOf }: LeavingQuestion,
): string | null {
  if (atMs === null) return null;
  const condition = isOffline ? 'unless this machine goes online' : 'unless it is sent before';
  return `${capital(worthInWords(worth))} leaves the 35-day window ${whenInWords(atMs, asOfMs, dayOf)} ${condition}; what has left is set aside for an invoice item.`;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function whenInWords(atMs: number, nowMs: number, dayOf: DayOf): string {
  const day = dayOf(atMs);
  if (atMs <= nowMs || day === dayOf(nowMs)) return 'today';
  return day === dayOf(nowMs + dayMs) ? 'tomorrow' : `on ${day}`;
}
