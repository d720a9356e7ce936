/** What invoice items have settled of a call since it was sent: what the customer was told of it is its share and this. Reading only. */
import type { Db } from '../system/db.ts';

export type CallOnMeter = { readonly callId: string; readonly customer: string; readonly meter: string };
/** In thousandths of the meter's unit, and in money. */
export type Settled = { readonly amount: number; readonly worth: number };

export function settledOf(db: Db, { callId, customer, meter }: CallOnMeter): Settled {
  const settled = db.prepare<[string, string, string], Settled>(
    `SELECT COALESCE(SUM(amount_thousandths), 0) AS amount, COALESCE(SUM(worth_nano_usd), 0) AS worth
       FROM settled_differences WHERE call_id = ? AND customer = ? AND meter = ?`,
  );
  return settled.get(callId, customer, meter) ?? { amount: 0, worth: 0 };
}
