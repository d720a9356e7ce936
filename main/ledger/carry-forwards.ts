/**
 * What was set aside, and the one carry-forward that is proposed for each customer: an invoice item that names the days, the calls and the sum.
 * A person puts it on an invoice and says so; its events are final then, and a late correction becomes a difference (shares.ts).
 */
import type { CarryForward } from '../../shared/contract/api.ts';
import { carryForwardSentence } from '../../shared/carry-forward-words.ts';
import type { Db } from '../system/db.ts';

type Aside = {
  readonly customer: string;
  readonly calls: number;
  readonly value: number;
  readonly uncertainValue: number;
  readonly events: number;
};

/** One a customer, the largest first. Days are UTC, as Stripe's are. */
export function readCarryForwards(db: Db): CarryForward[] {
  const asides = db
    .prepare<[], Aside>(
      `SELECT customer, SUM(calls) AS calls, SUM(value) AS value, COUNT(*) AS events,
              SUM(CASE WHEN first_sent_at_ms IS NOT NULL AND accepted_at_ms IS NULL THEN value ELSE 0 END) AS uncertainValue
         FROM meter_events WHERE state = 'set_aside' GROUP BY customer ORDER BY value DESC, customer`,
    )
    .all();
  return asides.map(({ value, uncertainValue, ...aside }) => {
    const days = daysOf(db, aside.customer);
    const sums = { nanoUsd: value * 1_000, uncertainNanoUsd: uncertainValue * 1_000, days };
    return { ...aside, ...sums, sentence: carryForwardSentence({ ...aside, ...sums }) };
  });
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
      .prepare('INSERT INTO carry_forwards (customer, at_ms, value, calls, sentence) VALUES (?, ?, ?, ?, ?)')
      .run(customer, nowMs, nanoUsd / 1_000, proposed.calls, proposed.sentence);
    db.prepare(
      `UPDATE meter_events SET state = 'carried_forward', carry_forward = ?, last_answer = 'Billed by an invoice item instead.'
        WHERE state = 'set_aside' AND customer = ?`,
    ).run(lastInsertRowid, customer);
    return true;
  })();
}
