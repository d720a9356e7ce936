/** Stripe's figures of a customer's days, as last read, kept beside the ledger's own. The writing side; one transaction. */
import type { Db } from '../system/db.ts';

const dayMs = 24 * 3_600_000;

export type StripeDaysRead = {
  readonly customer: string;
  /** Whole UTC days. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly meter: string;
  /** Days that Stripe lists nothing for are zero. */
  readonly sums: readonly { readonly dayMs: number; readonly stripeValue: number }[];
  readonly nowMs: number;
};

/** In place of what was read before. */
export function recordStripeDays(db: Db, { customer, meter, fromMs, toMs, sums, nowMs }: StripeDaysRead): void {
  db.transaction(() => {
    const values = new Map(sums.map(({ dayMs: atMs, stripeValue }) => [atMs, stripeValue]));
    const keep = db.prepare('INSERT OR REPLACE INTO stripe_days VALUES (?, ?, ?, ?, ?)');
    for (let atMs = fromMs; atMs < toMs; atMs += dayMs) keep.run(customer, meter, atMs, values.get(atMs) ?? 0, nowMs);
  })();
}
