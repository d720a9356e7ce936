/** The steps of a set-up and what came of them, in a word each. Pure. */
import type { SetupAction, SetupResult } from './contract/stripe-setup.ts';

export const actionWords: Readonly<Record<SetupAction, string>> = {
  create_meter: 'make',
  create_product: 'make',
  create_price: 'make',
  reactivate_meter: 'activate',
  reactivate_product: 'activate',
  reactivate_price: 'activate',
  replace_price: 'replace',
  none: 'there',
  conflict: 'conflict',
  by_hand: 'yours',
  unknown: 'not readable',
};

export const outcomeWords: Readonly<Record<SetupResult['steps'][number]['outcome'], string>> = {
  found: 'there',
  done: 'done',
  left: 'left',
  failed: 'failed',
  skipped: 'skipped',
};
