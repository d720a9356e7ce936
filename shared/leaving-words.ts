/** What leaves Stripe's 35-day window soon, would miss its invoice, or stands on none, in one sentence each. Pure; days are those of the caller's zone. */
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
export function leavingSentence({ atMs, asOfMs, ...worth }: Leaving, question: LeavingQuestion): string | null {
  if (atMs === null) return null;
  const when = whenInWords(atMs, asOfMs, question.dayOf);
  return `${capital(worthInWords(worth))} leaves the 35-day window ${when.adverb} ${condition(question)}; what has left is set aside for an invoice item.`;
}

/** "$38.20 leaves tomorrow's invoice unless this machine goes online". Null when no invoice closes soon. */
export function closingSentence({ atMs, asOfMs, ...worth }: Leaving, question: LeavingQuestion): string | null {
  if (atMs === null) return null;
  const when = whenInWords(atMs, asOfMs, question.dayOf);
  return `${capital(worthInWords(worth))} leaves ${when.invoice} ${condition(question)}; what misses it is set aside for an invoice item.`;
}

export type OnNoInvoice = Worth & { readonly customer: string; readonly events: number; readonly endedAtMs: number };

/** What a customer used until its subscription ended, and what was never invoiced. */
export function onNoInvoiceSentence({ customer, events, endedAtMs, ...worth }: OnNoInvoice, dayOf: DayOf): string {
  const counted = `${events.toLocaleString('en-US')} meter ${events === 1 ? 'event' : 'events'}`;
  return `${capital(worthInWords(worth, 6))} of ${customer}, delivered in ${counted}, is on no invoice: its subscription ended on ${dayOf(endedAtMs)} and was cancelled without \`invoice_now\`. Put it on an invoice by hand.`;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function condition({ isOffline }: LeavingQuestion): string {
  return isOffline ? 'unless this machine goes online' : 'unless it is sent before';
}

type When = { readonly adverb: string; readonly invoice: string };

function whenInWords(atMs: number, nowMs: number, dayOf: DayOf): When {
  const day = dayOf(atMs);
  if (atMs <= nowMs || day === dayOf(nowMs)) return { adverb: 'today', invoice: 'today’s invoice' };
  if (day === dayOf(nowMs + dayMs)) return { adverb: 'tomorrow', invoice: 'tomorrow’s invoice' };
  return { adverb: `on ${day}`, invoice: `the invoice of ${day}` };
}
