/**
 * The states of a meter event, and which may follow which. Pure; the ledger makes the moves, the tests hold them against this table.
 *
 * In prose: a closed minute is `sealed`; one below a unit is `withdrawn` at once, and counts with those that follow. An event is
 * `sending` from before a request leaves until its answer is written down. Stripe's yes makes it
 * `accepted`; a summary that agrees makes it `confirmed`. An answer that never came makes it `unknown`: it is sent again under the same identifier
 * for as long as Stripe keeps that, then held until the summary of its minute says whether it arrived, and only what is missing is sealed again,
 * under an identifier of its own. Stripe's no, at once or later, makes it `rejected`, until a person sends it again or sets it aside. What is too old
 * for Stripe's window, or whose invoice is final, is `set_aside`, with a carry-forward proposed; once that is on an invoice it is `carried_forward`,
 * which is final.
 *
 * Calls of a delivered event that are corrected within 24 hours: the event is `cancelling` from before Stripe is asked to cancel its identifier until
 * it is known whether it did. Done: it is `sealed` again with the new sum under an identifier of its own, or `withdrawn` when nothing of it is due any
 * more. Refused, or too late: it is `accepted` as before, and what differs is settled by a carry-forward. No answer: asked again under the same key,
 * then held until the summary of its minute says whether Stripe still counts it; it is never sealed again before that.
 */

export const meterEventStates = [
  'sealed',
  'sending',
  'unknown',
  'accepted',
  'confirmed',
  'cancelling',
  'withdrawn',
  'rejected',
  'set_aside',
  'carried_forward',
] as const;
export type MeterEventState = (typeof meterEventStates)[number];

const next: Readonly<Record<MeterEventState, readonly MeterEventState[]>> = {
  // Withdrawn: it waited to be sent again, and its calls are not this customer's any more.
  sealed: ['sending', 'set_aside', 'withdrawn'],
  // Back to sealed: it surely never left this machine. Set aside: Stripe says that it is too old.
  sending: ['accepted', 'rejected', 'sealed', 'unknown', 'set_aside'],
  // Accepted or sealed again: what the summary of its minute said. Rejected: Stripe's report names it.
  unknown: ['sending', 'accepted', 'sealed', 'rejected', 'set_aside', 'withdrawn'],
  // Stripe checks the customer and the value after its answer: its report names it, or the summary of its minute goes on lacking it.
  accepted: ['confirmed', 'rejected', 'cancelling'],
  confirmed: ['rejected', 'cancelling'],
  // Set aside: a person's choice where no figure of Stripe explains what became of it.
  cancelling: ['sealed', 'withdrawn', 'accepted', 'rejected', 'set_aside'],
  // A further correction makes something due again. One that was never anything is opened again instead (main/ledger/shares.ts).
  withdrawn: ['sealed'],
  // Accepted: it was refused after an attempt that the summary of its minute shows.
  rejected: ['sealed', 'unknown', 'set_aside', 'accepted', 'withdrawn'],
  // A person's choice, or a clock that was ahead and has been put right.
  set_aside: ['sealed', 'unknown', 'carried_forward', 'accepted', 'withdrawn'],
  carried_forward: [],
};

export function mayFollow(before: MeterEventState, after: MeterEventState): boolean {
  return before === after || next[before].includes(after);
}

/** Why an event was set aside. */
export const setAsideReasons = ['too_old', 'invoice_final', 'person'] as const;
export type SetAsideReason = (typeof setAsideReasons)[number];
