/** The Stripe that this room is handed: opened, and certain to be the ledger's own account. Types only. */
import type { Stripe } from 'stripe';

export type StripeClient = Stripe;

export type OpenedAccount = {
  readonly kind: 'open';
  readonly client: StripeClient;
  readonly accountId: string;
  readonly mode: 'test' | 'live';
};

export type ClosedAccount = { readonly kind: 'closed'; readonly sentence: string; readonly remedy: string };

/** Leave to make one read for this purpose, counted against Stripe's budget. */
export type AllowRead = () => Promise<boolean>;
