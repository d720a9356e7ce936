/** What the API reads from the rest of the engine. Handlers know this and nothing else; reading sides only, and one button. */
import type { Status, StripeView, SyncResult } from '../../shared/contract/api.ts';
import type { Ledger } from '../ledger/open.ts';
import type { Live } from '../live/live.ts';
import type { Clock } from '../system/clock.ts';

export type ApiParts = {
  readonly read: Ledger['read'];
  readonly live: Pick<Live, 'snapshot' | 'subscribe'>;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly status: () => Status;
  readonly stripeView: () => Promise<StripeView>;
  readonly syncNow: () => Promise<SyncResult>;
  readonly retryEvent: (id: string) => Promise<boolean>;
};
