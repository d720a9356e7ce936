/** Revisions of a minute: each event of a customer, meter and minute has one of its own, whatever became of those before. Reading only. */
import { preparedOnce, type Db } from '../system/db.ts';

export type MinuteOfMeter = { readonly customer: string; readonly meter: string; readonly minuteMs: number };

/** The highest one, not how many there are: an event may have been opened again and be gone. A spent identifier's is never used again. */
export function nextRevision(db: Db, { customer, meter, minuteMs }: MinuteOfMeter): number {
  const highest = highestRevisionsOf(db).map((read) => read.get(customer, meter, minuteMs) ?? 0);
  return Math.max(...highest) + 1;
}

const highestRevisionsOf = preparedOnce((db) =>
  ['meter_events', 'spent_identifiers'].map((table) =>
    db
      .prepare<[string, string, number], number>(
        `SELECT COALESCE(MAX(revision), 0) FROM ${table} WHERE customer = ? AND meter = ? AND minute_ms = ?`,
      )
      .pluck(),
  ),
);
