/**
 * What was set aside, and the one carry-forward that is proposed for each customer: an invoice item that names the days, the calls and the sum.
 * A person puts it on an invoice and says so; its events are final then, and a late correction becomes a difference (shares.ts).
 */
import type { CarryForward } from '../../shared/contract/api.ts';
import { carryForwardSentence, type CarryForwardFigures } from '../../shared/carry-forward-words.ts';
import type { Db } from '../system/db.ts';
import { quantitySums } from './meter-sql.ts';

type Aside = Omit<CarryForward, 'days' | 'sentence'>;

/** One a customer, the largest first. Days are UTC, as Stripe's are. */
export function readCarryForwards(db: Db): CarryForward[] {
  const asides = db
    .prepare<[], Aside>(
      `SELECT customer, COUNT(*) AS events, SUM(worth_nano_usd) AS nanoUsd, ${quantitySums},
              SUM(CASE WHEN first_sent_at_ms IS NOT NULL AND accepted_at_ms IS NULL THEN worth_nano_usd ELSE 0 END) AS uncertainNanoUsd,
              -- A call stands in an event of every meter that counts it.
              (SELECT COUNT(DISTINCT c.id) FROM meter_events a JOIN outbox_shares s ON s.event_id = a.id JOIN calls c ON c.seq = s.call_seq
                WHERE a.state = 'set_aside' AND a.customer = meter_events.customer) AS calls
         FROM meter_events WHERE state = 'set_aside' GROUP BY customer ORDER BY nanoUsd DESC, customer`,
    )
    .all();
  return asides.map((aside) => {
    const figures = { ...aside, days: daysOf(db, aside.customer) };
    return { ...figures, sentence: carryForwardSentence({ ...figures, meters: metersOf(db, aside.customer) }) };
  });
}

type MeterSum = CarryForwardFigures['meters'][number];

/** Meters of tokens alone: money is told by what it is worth. */
function metersOf(db: Db, customer: string): MeterSum[] {
  return db
    .prepare<[string], MeterSum>(
      `SELECT u.unit, u.token_class AS tokenClass, u.model, SUM(e.value) AS value
         FROM meter_events e JOIN meter_units u USING (meter)
        WHERE e.state = 'set_aside' AND e.customer = ? AND u.unit <> 'micro_usd' GROUP BY meter ORDER BY meter`,
    )
    .all(customer);
}

function daysOf(db: Db, customer: string): string[] {
  return db
    .prepare<[string], string>(
      `SELECT DISTINCT date(minute_ms / 1000, 'unixepoch') FROM meter_events WHERE state = 'set_aside' AND customer = ? ORDER BY 1`,
    )
    .pluck()
    .all(customer);
}

export type CarryQuestion = { readonly customer: string; readonly nowMs: number; readonly nanoUsd: number };

/** False when nothing of this customer is set aside, or its sum is no longer the one that the person was shown. */
export function carryForward(db: Db, { customer, nowMs, nanoUsd }: CarryQuestion): boolean {
  return db.transaction(() => {
    const proposed = readCarryForwards(db).find((candidate) => candidate.customer === customer);
    if (proposed?.nanoUsd !== nanoUsd) return false;
    const { lastInsertRowid } = db
      .prepare('INSERT INTO carry_forwards (customer, at_ms, worth_nano_usd, calls, sentence) VALUES (?, ?, ?, ?, ?)')
      .run(customer, nowMs, nanoUsd, proposed.calls, proposed.sentence);
    db.prepare(
      `UPDATE meter_events SET state = 'carried_forward', carry_forward = ?, last_answer = 'Billed by an invoice item instead.'
        WHERE state = 'set_aside' AND customer = ?`,
    ).run(lastInsertRowid, customer);
    return true;
  })();
}
