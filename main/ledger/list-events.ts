/**
 * The meter events that are shown, of however many there are: what somebody has to decide about before what waits, that before what is done, so that no
 * backlog hides what stopped. Reading side only.
 */
import type { MeterEventRow, StripeView } from '../../shared/contract/api.ts';
import type { MeterEventGroup } from '../../shared/meter-event-groups.ts';
import type { Db } from '../system/db.ts';

/** The columns of a `MeterEventRow`. */
export const meterEventColumns = `id, identifier, customer, meter, minute_ms AS minuteMs, revision, value, unit,
  (SELECT token_class FROM meter_units u WHERE u.meter = meter_events.meter) AS tokenClass,
  (SELECT model FROM meter_units u WHERE u.meter = meter_events.meter) AS model,
  worth_nano_usd AS worthNanoUsd, unpriced_calls AS unpricedCalls, state, attempts, calls, sealed_at_ms AS sealedAtMs,
  next_attempt_at_ms AS nextAttemptAtMs, first_sent_at_ms AS firstSentAtMs, accepted_at_ms AS acceptedAtMs, confirmed_at_ms AS confirmedAtMs,
  rejection_code AS rejectionCode,
  last_answer AS lastAnswer`;

/** Of what stopped, and of what waits. */
const eachMax = 200;
/** What is done fills the rest of so many, and is never left out. */
const fillTo = 200;
const doneMin = 20;

/** Each is served by the index of the state: one question that sorts all of them reads every event ever sent. */
const conditions: Readonly<Record<MeterEventGroup, readonly string[]>> = {
  stopped: ["state IN ('rejected', 'set_aside', 'unknown') AND (state <> 'unknown' OR next_attempt_at_ms IS NULL)"],
  waiting: [
    "state IN ('sealed', 'sending', 'unknown', 'cancelling') AND (state <> 'unknown' OR next_attempt_at_ms IS NOT NULL)",
  ],
  // Not minutes below a unit, of which nothing was ever to be sent (outbox.ts). Any other that is withdrawn has another sum than it was sealed with, and so
  // another identifier.
  done: [
    "state IN ('accepted', 'carried_forward', 'withdrawn') AND (state <> 'withdrawn' OR identifier <> id)",
    "state = 'confirmed'",
  ],
};

export function listEvents(db: Db): Pick<StripeView, 'events' | 'eventsInAll'> {
  const list = (group: MeterEventGroup, most: number) => {
    const rows: MeterEventRow[] = [];
    for (const condition of conditions[group]) rows.push(...newest(db, condition, most - rows.length));
    return rows;
  };
  const events = [...list('stopped', eachMax), ...list('waiting', eachMax)];
  events.push(...list('done', Math.max(doneMin, fillTo - events.length)));
  const inAll = (group: MeterEventGroup) =>
    conditions[group].reduce((sum, condition) => sum + countOf(db, condition), 0);
  const eventsInAll = { stopped: inAll('stopped'), waiting: inAll('waiting'), done: inAll('done') };
  return { events, eventsInAll };
}

function newest(db: Db, condition: string, most: number): MeterEventRow[] {
  const found = db.prepare<[number], MeterEventRow>(
    `SELECT ${meterEventColumns} FROM meter_events WHERE ${condition} ORDER BY minute_ms DESC, customer, revision DESC LIMIT ?`,
  );
  return found.all(most);
}

function countOf(db: Db, condition: string): number {
  return db.prepare<[], number>(`SELECT COUNT(*) FROM meter_events WHERE ${condition}`).pluck().get() ?? 0;
}
