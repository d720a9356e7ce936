/** One meter event with the calls it sums and the identifiers it has had: the way from a line of an invoice back to the calls. Reading side only. */
import type { MeterEventDetail } from '../../shared/contract/api.ts';
import type { Db } from '../system/db.ts';
import { meterEventColumns } from './outbox-read.ts';

/** A minute of one customer has a handful of calls; a runaway has thousands. */
const callsMax = 500;

/** Null when there is none of this id. */
export function readMeterEvent(db: Db, id: string): MeterEventDetail | null {
  const event = db
    .prepare<[string], MeterEventDetail['event']>(`SELECT ${meterEventColumns} FROM meter_events WHERE id = ?`)
    .get(id);
  if (!event) return null;
  const spent = db
    .prepare<[string], MeterEventDetail['spent'][number]>(
      'SELECT identifier, spent_at_ms AS spentAtMs, reason FROM spent_identifiers WHERE event_id = ? ORDER BY revision',
    )
    .all(id);
  const calls = db
    .prepare<[string, number], MeterEventDetail['calls'][number]>(
      `SELECT c.id, c.started_at_ms AS startedAtMs, c.member, c.project, c.model, s.amount_thousandths AS amountThousandths,
              s.worth_nano_usd AS worthNanoUsd
         FROM outbox_shares s JOIN calls c ON c.seq = s.call_seq WHERE s.event_id = ? ORDER BY c.started_at_ms, c.seq LIMIT ?`,
    )
    .all(id, callsMax);
  return { event, spent, calls };
}
