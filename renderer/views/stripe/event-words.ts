/** The states of a meter event in words; the same on every screen. */
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
