/** The billing room in an engine: with the Stripe that sync knows to be the ledger's, the customers and the prices in force. Assigning goes by the same customers. */
import type { DayChange } from '../shared/corrections.ts';
import type { PriceBook } from '../shared/pricing/price-book.ts';
import { startBilling, type Billing } from './billing/start.ts';
import type { EngineCustomers } from './engine-customers.ts';
import type { EngineOptions } from './engine-options.ts';
import { createAssigning, type Assigning } from './ledger/assigning.ts';
import type { Ledger } from './ledger/open.ts';
import type { Sync } from './sync/start.ts';

type BillingParts = {
  readonly ledger: Pick<Ledger, 'read' | 'write'>;
  readonly sync: Pick<Sync, 'stripe' | 'stripeAsKnown' | 'askAccountAnew'>;
  readonly customers: EngineCustomers;
  readonly book: () => PriceBook;
  readonly onChanges: (changes: readonly DayChange[]) => void;
};

type Connected = { readonly billing: Billing; readonly assigning: Assigning };

export function connectBilling(options: EngineOptions, { sync, customers, ...parts }: BillingParts): Connected {
  const { settings, trouble, map: save } = customers;
  const billing = startBilling({
    ...options,
    ...parts,
    ...sync,
    inForce: () => settings,
    trouble,
    save,
  });
  return { billing, assigning: createAssigning({ ...parts, customers: settings }) };
}
