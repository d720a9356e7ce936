/** The states of a meter event in words, and how many of them are shown; the same on every screen. */
import type { MeterEventRow, StripeView } from '../../../shared/contract/api.ts';
import { groupOf, meterEventGroups } from '../../../shared/meter-event-groups.ts';
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

/** "2 stopped, 10,000 waiting (the newest 200 are shown), 5 done." */
export function shownSentence(events: readonly MeterEventRow[], inAll: StripeView['eventsInAll']): string {
  const shown = Map.groupBy(events, groupOf);
  const parts = meterEventGroups.flatMap((group) => {
    const count = inAll[group];
    if (count === 0) return [];
    const shownCount = shown.get(group)?.length ?? 0;
    const rest = shownCount < count ? ` (the newest ${shownCount.toLocaleString('en-US')} are shown)` : '';
    return [`${count.toLocaleString('en-US')} ${group}${rest}`];
  });
  return `${parts.join(', ')}.`;
}
