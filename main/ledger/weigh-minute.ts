/**
 * What Stripe's summary of one minute says about the events of it that may or may not have arrived. Pure.
 *
 * The summary is the sum of everything Stripe counts in that minute. Less what it surely counts, the rest is made of the uncertain events. If it is
 * all of them, they arrived; nothing else of this ledger can add up to it, since a summary lags behind and never runs ahead. If it is less, the summary may
 * only be late ("eventually consistent", facts/stripe.md section 3, with no figure): it is believed once the last attempt is `trustAfterMs` old, two
 * readings `sameForMs` apart agree, and Stripe's reports of what it does not count have been read up to then. What it then lacks never arrived.
 * A rest that no choice of events makes, or one while Stripe reports errors without naming the events, is for a person. So is any rest where Stripe is known
 * to count what another ledger sent for this customer: it may be that one's event, of the same worth. Only where there is no rest is nothing of ours there.
 *
 * An event that was cancelled may stand in a summary for a while longer, so in a minute with a cancellation nothing is believed before that one is as old
 * as the last attempt has to be. One whose cancellation has no answer is uncertain like any other: if the summary holds it, it was not cancelled.
 */

export const trustAfterMs = 6 * 3_600_000;
export const sameForMs = 3_600_000;

export type MinuteEvent = {
  readonly id: string;
  /** `counted`: Stripe took it, and no report says otherwise. `uncertain`: it may have arrived. `open`: not decided yet, so the minute cannot be weighed. */
  readonly standing: 'counted' | 'uncertain' | 'open';
  readonly value: number;
  readonly lastSentAtMs: number;
};

export type MinuteQuestion = {
  readonly events: readonly MinuteEvent[];
  readonly stripeValue: number;
  /** Since when the summary has said the same. */
  readonly sameSinceMs: number;
  readonly nowMs: number;
  /** Stripe's error reports have been read up to here. */
  readonly reportsReadMs: number;
  /** Stripe reported errors whose events it did not name, since the oldest of these was sent. */
  readonly hasUnnamedErrors: boolean;
  /** Stripe counted more on a day of this customer and meter than this ledger can have sent. */
  readonly hasOtherSender: boolean;
  /** When Stripe was last asked to cancel an event of this minute; null when never. */
  readonly lastCancelAtMs: number | null;
};

export type MinuteVerdict =
  /** `missing` never arrived and may be sent again under another identifier. */
  | { readonly kind: 'weighed'; readonly arrived: readonly string[]; readonly missing: readonly string[] }
  | { readonly kind: 'read_again'; readonly atMs: number }
  /** Figures in the meter's unit: what Stripe would count of the minute without and with the uncertain events; and whether it counts what is not of this ledger. */
  | { readonly kind: 'differs'; readonly least: number; readonly most: number; readonly isOfOthers: boolean };

const readAgainAfterMs = sameForMs;
/** Reports by the thousand are read over hours; each look at a minute meanwhile is a read. */
const reportsAwaitedMs = 6 * 3_600_000;

export function weighMinute({ events, stripeValue, nowMs, ...reading }: MinuteQuestion): MinuteVerdict {
  const uncertain = events.filter(({ standing }) => standing === 'uncertain');
  if (events.some(({ standing }) => standing === 'open')) return { kind: 'read_again', atMs: nowMs + readAgainAfterMs };
  const least = sum(events.filter(({ standing }) => standing === 'counted'));
  const most = least + sum(uncertain);
  const isCalm = reading.lastCancelAtMs === null || nowMs >= reading.lastCancelAtMs + trustAfterMs;
  if (stripeValue === most && isCalm && !reading.hasOtherSender)
    return { kind: 'weighed', arrived: uncertain.map(({ id }) => id), missing: [] };
  const lastSentAtMs = Math.max(...events.map((event) => event.lastSentAtMs));
  const lastChangeMs = Math.max(lastSentAtMs, reading.lastCancelAtMs ?? lastSentAtMs);
  const trustedAtMs = Math.max(lastChangeMs + trustAfterMs, reading.sameSinceMs + sameForMs);
  if (nowMs < trustedAtMs) return { kind: 'read_again', atMs: Math.max(trustedAtMs, nowMs + 60_000) };
  if (reading.reportsReadMs < lastSentAtMs + sameForMs) return { kind: 'read_again', atMs: nowMs + reportsAwaitedMs };
  const { hasUnnamedErrors, hasOtherSender } = reading;
  const rest = stripeValue - least;
  if (hasOtherSender && rest !== 0) return { kind: 'differs', least, most, isOfOthers: rest > 0 };
  const arrived = hasUnnamedErrors ? null : choiceOf(uncertain, rest);
  // A remainder that was another when it was sent makes a unit more of an event: no sign of others.
  if (arrived === null) return { kind: 'differs', least, most, isOfOthers: stripeValue > most + uncertain.length };
  const missing = uncertain.map(({ id }) => id).filter((id) => !arrived.includes(id));
  return { kind: 'weighed', arrived, missing };
}

function sum(events: readonly MinuteEvent[]): number {
  return events.reduce((total, { value }) => total + value, 0);
}

/** A minute has one or two uncertain events; beyond this many a person looks. */
const choicesMax = 12;

/** Events whose values make `rest` exactly; null when none do. Which of several does not matter: they are worth the same. */
function choiceOf(uncertain: readonly MinuteEvent[], rest: number): readonly string[] | null {
  if (rest === 0) return [];
  if (uncertain.length > choicesMax) return null;
  for (let chosen = 1; chosen < 2 ** uncertain.length; chosen++) {
    const events = uncertain.filter((_event, index) => (chosen >> index) % 2 === 1);
    if (sum(events) === rest) return events.map(({ id }) => id);
  }
  return null;
}
