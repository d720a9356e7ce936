/** The calls behind a carry-forward that is proposed: what each adds to it, and why. Reading side only. */
import type { MeterUnit } from '../../shared/plan-meters.ts';
import type { Db } from '../system/db.ts';
import { isToCarry, isToSettle, settleParameters } from './carry-forwards.ts';

export type CarriedCall = {
  readonly id: string;
  readonly startedAtMs: number;
  readonly why: 'set_aside' | 'corrected';
  readonly meter: string;
  readonly unit: MeterUnit;
  readonly amountThousandths: number;
  /** Null while it has no price. */
  readonly nanoUsd: number | null;
};

const callsMax = 1_000;

/** The oldest first, at most a thousand. */
export function readCarriedCalls(
  db: Db,
  { customer, nowMs }: { readonly customer: string; readonly nowMs: number },
): CarriedCall[] {
  return db
    .prepare<unknown[], CarriedCall>(
      `SELECT c.id, c.started_at_ms AS startedAtMs, 'set_aside' AS why, s.meter, e.unit, s.amount_thousandths AS amountThousandths,
              s.worth_nano_usd AS nanoUsd
         FROM (SELECT id, unit FROM meter_events WHERE ${isToCarry} AND customer = @customer) e
         JOIN outbox_shares s ON s.event_id = e.id JOIN calls c ON c.seq = s.call_seq
       UNION ALL
       SELECT d.call_id, c.started_at_ms, 'corrected', d.meter, u.unit, d.due_thousandths - d.sent_thousandths, d.due_worth_nano_usd - d.sent_worth_nano_usd
         FROM billing_differences d JOIN meter_units u USING (meter) JOIN calls c ON c.id = d.call_id AND c.revision = 1 WHERE d.customer = @customer AND ${isToSettle}
       ORDER BY 2, 1, 4 LIMIT @callsMax`,
    )
    .all({ customer, callsMax, ...settleParameters(db, nowMs) });
}
