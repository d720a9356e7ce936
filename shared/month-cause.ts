/** Why Stripe's figure of a day is not what was delivered. Pure. */
import { otherSenderSentence } from './meter-event.ts';

export type DayOnBothSides = {
  /** In the meter's unit. */
  readonly stripeValue: number;
  readonly deliveredValue: number;
  /** Part of what waits that may have arrived, or of what is being cancelled that may be gone. */
  readonly uncertainValue: number;
  /** When Stripe last took or cancelled something of the day; 0 when never. */
  readonly lastChangeMs: number;
  readonly readAtMs: number;
};

/** Summaries are "eventually consistent", with no figure (facts/stripe.md section 3). */
const lagMs = 6 * 3_600_000;

/** Null when they agree. */
export function causeOfDifference(day: DayOnBothSides): string | null {
  const { stripeValue, deliveredValue, uncertainValue, lastChangeMs, readAtMs } = day;
  if (stripeValue === deliveredValue) return null;
  if (readAtMs < lastChangeMs) return 'Something was delivered or cancelled since Stripe was read; read it again.';
  if (readAtMs < lastChangeMs + lagMs)
    return 'Stripe’s figures follow by minutes to hours; something was delivered or cancelled shortly before they were read.';
  if (stripeValue > deliveredValue)
    return stripeValue - deliveredValue <= uncertainValue
      ? 'Part of what waits has arrived: its answer never came. The summary of its minute decides it.'
      : otherSenderSentence;
  return deliveredValue - stripeValue <= uncertainValue
    ? 'Part of it is being cancelled and sent anew.'
    : 'Stripe took it and does not count all of it: an event was cancelled in Stripe, or a report of it is still to come.';
}
