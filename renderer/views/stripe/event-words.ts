/** The states of a meter event in words, and how many of them are shown; the same on every screen. */
import type { MeterEventRow, StripeView } from '../../../shared/contract/api.ts';
import type { MeterEventState } from '../../../shared/meter-event-states.ts';

export const meterEventWords: Readonly<Record<MeterEventState, string>> = {
  sealed: 'waits',
  sending: 'on its way',
  unknown: 'outcome unknown',
  accepted: 'delivered',
  confirmed: 'confirmed',
  cancelling: 'being corrected',
  withdrawn: 'withdrawn',
  rejected: 'refused',
  set_aside: 'set aside',
  carried_forward: 'on an invoice item',
};

/** What a person decides about: refused, set aside, or held until a summary is read. */
export function isStopped({ state, nextAttemptAtMs }: MeterEventRow): boolean {
  return state === 'rejected' || state === 'set_aside' || (state === 'unknown' && nextAttemptAtMs === null);
}

const delivered = new Set<MeterEventState>(['accepted', 'confirmed', 'carried_forward', 'withdrawn']);
type Group = keyof StripeView['eventsInAll'];

const groups = ['stopped', 'waiting', 'delivered'] as const satisfies readonly Group[];

/** "2 stopped, 10,000 waiting (the newest 200 are shown), 5 delivered." */
export function shownSentence(events: readonly MeterEventRow[], inAll: StripeView['eventsInAll']): string {
  const groupOf = (event: MeterEventRow): Group =>
    isStopped(event) ? 'stopped' : delivered.has(event.state) ? 'delivered' : 'waiting';
  const shown = Map.groupBy(events, groupOf);
  const parts = groups.flatMap((group) => {
    const count = inAll[group];
    if (count === 0) return [];
    const shownCount = shown.get(group)?.length ?? 0;
    const rest = shownCount < count ? ` (the newest ${shownCount.toLocaleString('en-US')} are shown)` : '';
    return [`${count.toLocaleString('en-US')} ${group}${rest}`];
  });
  return `${parts.join(', ')}.`;
}
