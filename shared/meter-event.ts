/**
 * How a meter event is named and what it is worth. Pure.
 * The identifier is a function of the event's content (invariant 8): the same sum is always sent under the same name, a corrected sum never is,
 * because Stripe would drop it as a repeat (facts/stripe.md section 9). Version "tk2". The fingerprint stands for the ledger and for the meter's name,
 * which may be 100 characters long itself. (In "tk1", which older events keep, there was nothing of the ledger.)
 */
import { textChecksum } from './text-checksum.ts';

export type MeterEventContent = {
  /** Two ledgers that bill one customer have the same minutes and revisions, and may have the same sums. */
  readonly ledgerId: string;
  readonly customer: string;
  readonly meter: string;
  readonly minuteMs: number;
  readonly revision: number;
  /** Whole units of the meter. */
  readonly value: number;
};

/** Stripe's bound on `identifier` (facts/stripe.md section 1). */
const identifierLengthMax = 100;

/** Two events of one ledger differ in customer, meter, minute or revision; those of two ledgers are kept apart by the checksum. */
export function meterEventIdentifier({
  ledgerId,
  customer,
  meter,
  minuteMs,
  revision,
  value,
}: MeterEventContent): string {
  const minute = Math.floor(minuteMs / 60_000).toString(36);
  const checksum = textChecksum(`${ledgerId}\n${customer}\n${meter}`);
  const identifier = `tk2:${customer}:${minute}:${revision}:${value.toString(36)}:${checksum}`;
  // Customer ids of Stripe are some 20 characters; a longer one is cut and told apart by the checksum over its whole length.
  return identifier.length <= identifierLengthMax ? identifier : identifier.replace(customer, customer.slice(0, 40));
}

/** No attempt waits as long: one further ahead was set by a clock that has been put back since, and is due. */
export const attemptWaitMaxMs = 6 * 3_600_000;

/** Stripe keeps identifiers "at least 24 hours" (facts/stripe.md section 1); an hour less leaves room for clocks that differ. */
export const identifierLifeMs = 23 * 3_600_000;

/** What two clocks may differ by: within the hour that `identifierLifeMs` leaves. */
export const clockToleranceMs = 30 * 60_000;

/**
 * Whether Stripe surely keeps the identifier of what was first sent then, so that sending it again counts once. A first attempt that lies ahead was written by
 * a clock that has been put back since: how long ago it was, nobody knows.
 */
export function isIdentifierKept(firstSentAtMs: number, atMs: number): boolean {
  return firstSentAtMs <= atMs + clockToleranceMs && atMs <= firstSentAtMs + identifierLifeMs;
}

/** Where in its minute an event lies, for whoever asks in a statement. */
export const stampInMinuteMs = 30_000;

/**
 * The instant that Stripe is told of an event: the middle of its minute. Whether a summary holds what lies at the very end of its range Stripe's text says
 * both ways (facts/stripe.md section 3); a stamp that lies on no minute is right either way. Which period of an invoice an event is in is asked of it.
 */
export function stampOf(minuteMs: number): number {
  return minuteMs + stampInMinuteMs;
}

/**
 * Stripe takes events of the past 35 days (facts/stripe.md section 1). It counts from the stamp; here it is counted from the minute, half a minute earlier,
 * so that what is sent as the last of the window is still in it.
 */
export const windowMs = 35 * 24 * 3_600_000;

/** Past its identifier's life an event that may have arrived is not sent again: Stripe would count it twice. */
export const heldSentence =
  'It may have arrived more than a day ago, so it is held until the summary of its minute has been read.';

/** Two ledgers cannot be told apart in a summary. */
export const otherSenderSentence =
  'Something else sends to this meter for this customer: most likely another machine that bills it from a ledger of its own.';

export const tooOldSentence =
  'It is older than the 35 days that Stripe takes, so it was set aside; it is never sent under another date.';

export type MinuteSum = { readonly value: number; readonly carriedOutThousandths: number };

/**
 * Whole units of the meter are billed (micro-dollars, tokens, requests); what is below one is carried to the customer's next event of the meter. Nothing
 * is lost, nothing rounded up. Tokens are whole, so nothing of them is carried but a credit. What is carried in may be less than nothing, after an event was opened
 * again; a sum below one unit is carried whole.
 */
export function foldMinute(amountThousandths: number, carriedInThousandths: number): MinuteSum {
  const sum = amountThousandths + carriedInThousandths;
  if (sum < 1_000) return { value: 0, carriedOutThousandths: sum };
  return { value: Math.floor(sum / 1_000), carriedOutThousandths: sum % 1_000 };
}
