/**
 * Whether an event that Stripe has taken is cancelled and sent anew, since calls of it were corrected. Pure. It is done by itself, unless the setting
 * `adjustSentEvents` says no, and only while nothing can be lost by it: Stripe cancels within 24 hours of receiving an event (facts/stripe.md section 3),
 * and what takes its place must still arrive before the window of 35 days and the invoice of its period close. Whatever is not adjusted is a
 * difference, which a carry-forward settles.
 */
import { identifierLifeMs, windowMs } from './meter-event.ts';

/** What takes its place may have to wait for a network that is down that long. */
export const adjustMarginMs = 48 * 3_600_000;

export type AdjustQuestion = {
  /** The earliest moment at which Stripe can have received it. */
  readonly firstSentAtMs: number;
  readonly minuteMs: number;
  readonly nowMs: number;
  /** When the invoice of its minute is final; null where none is known. */
  readonly invoiceFinalAtMs: number | null;
};

/** Null: it may be adjusted. Else why not, in plain words. */
export function whyNotAdjusted({ firstSentAtMs, minuteMs, nowMs, invoiceFinalAtMs }: AdjustQuestion): string | null {
  if (nowMs > firstSentAtMs + identifierLifeMs) return lateSentence;
  if (minuteMs < nowMs - windowMs + adjustMarginMs)
    return 'It leaves Stripe’s window of 35 days too soon to be sent anew.';
  if (invoiceFinalAtMs === null || nowMs < invoiceFinalAtMs - finalMarginMs) return null;
  return nowMs < invoiceFinalAtMs
    ? 'The invoice of its period closes too soon to send it anew.'
    : 'The invoice of its period is final, and no adjustment changes that.';
}

/** A cancelled event that missed its invoice would be missing from it altogether. */
export const finalMarginMs = 2 * 3_600_000;

export const lateSentence = 'Stripe has had it for a day, and cancels an event for 24 hours only.';
