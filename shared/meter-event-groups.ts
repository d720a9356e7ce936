/**
 * What is to be done about a meter event: somebody decides (`stopped`), it goes on by itself (`waiting`), nothing any more (`done`). Pure; the ledger's
 * question (main/ledger/list-events.ts) says the same in SQL, and its test holds the two together.
 */
import type { MeterEventRow } from './contract/api.ts';
import type { MeterEventState } from './meter-event-states.ts';

export const meterEventGroups = ['stopped', 'waiting', 'done'] as const;
export type MeterEventGroup = (typeof meterEventGroups)[number];

const done = new Set<MeterEventState>(['accepted', 'confirmed', 'carried_forward', 'withdrawn']);

export function groupOf({ state, nextAttemptAtMs }: Pick<MeterEventRow, 'state' | 'nextAttemptAtMs'>): MeterEventGroup {
  // Unknown and tried no more: held until the summary of its minute is read, or a person decides.
  const isStopped = state === 'rejected' || state === 'set_aside' || (state === 'unknown' && nextAttemptAtMs === null);
  if (isStopped) return 'stopped';
  return done.has(state) ? 'done' : 'waiting';
}
