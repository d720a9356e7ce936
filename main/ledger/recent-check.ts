/**
 * What the last run can have touched, checked against the calls after it was killed: the rollups of the days it wrote last, and the meter events
 * that wait. Bounded by what it looks at; `verify` looks at everything. A transaction is whole or not there, so a difference here is the sign of a
 * damaged file or of a fault of ours: it is mended from the calls, and told.
 */
import type { Db } from '../system/db.ts';
import { rollupsOfCalls } from './rollup.ts';
import { openEventAgain } from './shares.ts';

export type RecentDifferences = {
  /** Days whose rollups are not the sums of their calls. */
  readonly days: readonly string[];
  /** Meter events that wait and are not the sums of their shares. */
  readonly events: readonly string[];
};

/** The days of the calls that were written last: a run of a day and a night, and an import that was under way. */
const callsLookedAt = 1_000;
const daysMax = 7;
/** A day of any time zone lies within this of the day of the same name in UTC. */
const zoneMs = 15 * 3_600_000;
const dayMs = 86_400_000;

const rollupColumns = `day, member, project, customer, model, calls, failed_calls, unpriced_calls, estimated_calls, cost_nano_usd, input_tokens,
  cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens, web_search_requests`;
/** The time is there for its index; the day decides. */
const callsOfDay = rollupsOfCalls('day = @day AND started_at_ms BETWEEN @fromMs AND @toMs');

export function findRecentDifferences(db: Db): RecentDifferences {
  return db.transaction(() => {
    const days = db
      .prepare<[number, number], string>(
        `SELECT DISTINCT day FROM (SELECT day FROM calls ORDER BY seq DESC LIMIT ?) ORDER BY day DESC LIMIT ?`,
      )
      .pluck()
      .all(callsLookedAt, daysMax);
    const differs = db.prepare<[object], number>(
      `SELECT EXISTS (SELECT ${rollupColumns} FROM rollups WHERE day = @day EXCEPT SELECT * FROM (${callsOfDay}))
           OR EXISTS (SELECT * FROM (${callsOfDay}) EXCEPT SELECT ${rollupColumns} FROM rollups WHERE day = @day)`,
    );
    const events = db.prepare<[], string>(
      `SELECT e.id FROM meter_events e LEFT JOIN outbox_shares s ON s.event_id = e.id
        WHERE e.state IN ('sealed', 'sending', 'unknown') GROUP BY e.id
       HAVING COALESCE(SUM(s.amount_thousandths), 0) + e.carried_in_thousandths <> e.value * 1000 + e.carried_out_thousandths OR COUNT(s.call_seq) <> e.calls`,
    );
    return {
      days: days.filter((day) => differs.pluck().get(rangeOf(day)) === 1),
      events: events.pluck().all(),
    };
  })();
}

/** One transaction. Returns a sentence for each difference: what was done about it. */
export function mendDifferences(db: Db, { days, events }: RecentDifferences): string[] {
  return db.transaction(() => [...days.map((day) => mendDay(db, day)), ...events.map((id) => mendEvent(db, id))])();
}

function mendDay(db: Db, day: string): string {
  db.prepare('DELETE FROM rollups WHERE day = ?').run(day);
  db.prepare(`INSERT INTO rollups (${rollupColumns}) ${callsOfDay}`).run(rangeOf(day));
  return `The sums of ${day} were not those of its calls and have been made anew.`;
}

/** One that may have left stays as it is: Stripe cannot be told twice. */
function mendEvent(db: Db, id: string): string {
  const surelyHere = db
    .prepare<[string], number>(
      `SELECT 1 FROM meter_events WHERE id = ? AND state = 'sealed' AND first_sent_at_ms IS NULL`,
    )
    .get(id);
  if (surelyHere === undefined)
    return `The meter event ${id} is not the sum of its calls and may have been sent; compare it with Stripe.`;
  openEventAgain(db, id);
  return `The meter event ${id} was not the sum of its calls and is sealed anew.`;
}

function rangeOf(day: string) {
  const startMs = Date.parse(day);
  return { day, fromMs: startMs - zoneMs, toMs: startMs + dayMs + zoneMs };
}
