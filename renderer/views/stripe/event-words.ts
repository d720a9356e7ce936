/** The states of a meter event in words; the same on every screen. */
import type { MeterEventState } from '../../../shared/contract/api.ts';

export const meterEventWords: Readonly<Record<MeterEventState, string>> = {
  sealed: 'waits',
  sending: 'on its way',
  unknown: 'outcome unknown',
  accepted: 'delivered',
  rejected: 'refused',
};
