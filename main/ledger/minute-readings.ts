/**
 * Held events and the summaries of their minutes: which minutes are to be read, and what a reading decides (weigh-minute.ts). The writing side; one
 * transaction each. What arrived is accepted; what never did is sealed again under an identifier of its own (reissue.ts), or set aside when it is
 * past Stripe's window by now; what cannot be explained stays held, with both figures, for a person. Of a minute in doubt (doubted-days.ts) what Stripe
 * accepted and does not count is rejected, for a person as well.
 */
import { otherSenderSentence, windowMs } from '../../shared/meter-event.ts';
import { valueInWords } from '../../shared/meter-amount-words.ts';
import type { MeterUnit } from '../../shared/plan-meters.ts';
import { rejectionOf } from '../../shared/stripe-rejections.ts';
import type { Db } from '../system/db.ts';
import { hasOtherSender } from './confirmations.ts';
import { reportsReadMs, unnamedErrorsSince } from './error-reports.ts';
import type { MinuteOfMeter } from './outbox.ts';
import { finishCancellation, refuseCancellation } from './cancellations.ts';
import { foldWhereUnsent } from './fold-differences.ts';
import { notRead } from './doubted-days.ts';
import { reissue } from './reissue.ts';
import { weighMinute, type MinuteEvent, type MinuteVerdict } from './weigh-minute.ts';

export type MinutesQuestion = { readonly nowMs: number; readonly limit: number };

/** What cannot be explained may be explained by a later report or by Stripe's own delay: looked at once a day, then less often. */
const differsAgainAfterMs = 24 * 3_600_000;
const differsAgainMaxMs = 7 * 24 * 3_600_000;

/** No wait for a reading is as long: one further ahead was set by a clock that has been put back since. */
const waitMaxMs = differsAgainMaxMs + 24 * 3_600_000;

/** Minutes with an event that is held, and minutes in doubt, whose summary is due to be read; the oldest first. */
export function heldMinutes(db: Db, { nowMs, limit }: MinutesQuestion): MinuteOfMeter[] {
  return db
    .prepare<[number, number, number, number, number], MinuteOfMeter>(
      `SELECT customer, meter, minute_ms AS minuteMs FROM minute_readings
        WHERE is_doubted = 1 AND (next_read_at_ms <= ? OR next_read_at_ms > ?)
       UNION
       SELECT e.customer, e.meter, e.minute_ms AS minuteMs
         FROM meter_events e LEFT JOIN minute_readings r USING (customer, meter, minute_ms)
        WHERE e.state IN ('unknown', 'cancelling') AND e.next_attempt_at_ms IS NULL
          AND (r.customer IS NULL OR r.next_read_at_ms <= ? OR r.next_read_at_ms > ?)
        ORDER BY minuteMs LIMIT ?`,
    )
    .all(nowMs, nowMs + waitMaxMs, nowMs, nowMs + waitMaxMs, limit);
}

export type MinuteReading = MinuteOfMeter & { readonly stripeValue: number; readonly nowMs: number };

/** Returns what came of it. */
export function recordMinute(db: Db, reading: MinuteReading): MinuteVerdict['kind'] {
  return db.transaction(() => {
    const { stripeValue, nowMs } = reading;
    const { sameSinceMs, isDoubted } = keepReading(db, reading);
    const events = eventsOf(db, reading, isDoubted);
    const verdict = weighMinute({
      events,
      stripeValue,
      sameSinceMs,
      nowMs,
      reportsReadMs: reportsReadMs(db),
      // They are what puts it in doubt, and here every event that they may mean is weighed.
      hasUnnamedErrors: !isDoubted && unnamedErrorsSince(db, reading.minuteMs) > 0,
      hasOtherSender: hasOtherSender(db, reading),
      lastCancelAtMs: lastCancelAtMs(db, reading),
    });
    if (isDoubted && verdict.kind === 'differs') forgetReading(db, reading);
    else apply(db, reading, verdict, sameSinceMs);
    return verdict.kind;
  })();
}

/** A clock that has been put back since may have written an attempt that lies ahead. */
function eventsOf(db: Db, { customer, meter, minuteMs, nowMs }: MinuteReading, isDoubted: boolean): MinuteEvent[] {
  return db
    .prepare<unknown[], MinuteEvent>(
      `SELECT id, value, MIN(COALESCE(last_sent_at_ms, first_sent_at_ms, sealed_at_ms), @nowMs) AS lastSentAtMs,
              CASE WHEN state = 'confirmed' OR state = 'accepted' AND @isDoubted = 0 THEN 'counted'
                   WHEN state = 'sending' OR state IN ('unknown', 'cancelling') AND next_attempt_at_ms IS NOT NULL THEN 'open'
                   ELSE 'uncertain' END AS standing
         FROM meter_events
        WHERE customer = @customer AND meter = @meter AND minute_ms = @minuteMs
          AND (state IN ('accepted', 'confirmed', 'sending', 'unknown', 'cancelling')
               -- Refused or set aside after an attempt that may have arrived.
               OR state IN ('rejected', 'set_aside', 'carried_forward') AND first_sent_at_ms IS NOT NULL AND accepted_at_ms IS NULL)`,
    )
    .all({ customer, meter, minuteMs, nowMs, isDoubted: Number(isDoubted) });
}

function lastCancelAtMs(db: Db, { customer, meter, minuteMs }: MinuteOfMeter): number | null {
  const last = db.prepare<[string, string, number], number | null>(
    `SELECT MAX(COALESCE(done_at_ms, last_asked_at_ms)) FROM cancellations
      WHERE customer = ? AND meter = ? AND minute_ms = ? AND last_asked_at_ms IS NOT NULL`,
  );
  return last.pluck().get(customer, meter, minuteMs) ?? null;
}

type Kept = { readonly sameSinceMs: number; readonly isDoubted: boolean };

/** Returns since when the summary has said the same, and whether the minute is in doubt. */
function keepReading(db: Db, { customer, meter, minuteMs, stripeValue, nowMs }: MinuteReading): Kept {
  const kept = db
    .prepare<unknown[], { readonly sameSinceMs: number; readonly isDoubted: number }>(
      `INSERT INTO minute_readings (customer, meter, minute_ms, stripe_value, same_since_ms, read_at_ms, next_read_at_ms, is_unexplained)
       VALUES (@customer, @meter, @minuteMs, @stripeValue, @nowMs, @nowMs, @nowMs, 0)
       ON CONFLICT (customer, meter, minute_ms) DO UPDATE SET
         same_since_ms = CASE WHEN stripe_value = @stripeValue THEN MIN(same_since_ms, @nowMs) ELSE @nowMs END,
         stripe_value = @stripeValue, read_at_ms = @nowMs, is_unexplained = 0
       RETURNING same_since_ms AS sameSinceMs, is_doubted AS isDoubted`,
    )
    .get({ customer, meter, minuteMs, stripeValue, nowMs });
  return { sameSinceMs: kept?.sameSinceMs ?? nowMs, isDoubted: kept?.isDoubted === 1 };
}

/** The longer it has said the same, the more seldom: many that nobody decides about must not use up what others wait for. */
function differsAgainAtMs({ nowMs }: MinuteReading, sameSinceMs: number): number {
  return nowMs + Math.min(differsAgainMaxMs, Math.max(differsAgainAfterMs, nowMs - sameSinceMs));
}

function apply(db: Db, reading: MinuteReading, verdict: MinuteVerdict, sameSinceMs: number): void {
  switch (verdict.kind) {
    case 'weighed':
      for (const id of verdict.arrived) markArrived(db, id, reading.nowMs);
      for (const id of verdict.missing) markMissing(db, id, reading);
      return forgetReading(db, reading);
    case 'read_again': {
      const sentence = 'The summary of its minute is read again before it is believed.';
      return planReading(db, reading, { atMs: verdict.atMs, isUnexplained: false, sentence });
    }
    case 'differs': {
      const sentence = differenceSentence(unitOf(db, reading.meter), reading.stripeValue, verdict);
      return planReading(db, reading, { atMs: differsAgainAtMs(reading, sameSinceMs), isUnexplained: true, sentence });
    }
  }
}

function cancellingIdentifier(db: Db, id: string): string | undefined {
  return db
    .prepare<[string], string>(`SELECT identifier FROM meter_events WHERE id = ? AND state = 'cancelling'`)
    .pluck()
    .get(id);
}

function markArrived(db: Db, id: string, nowMs: number): void {
  const identifier = cancellingIdentifier(db, id);
  if (identifier !== undefined)
    return refuseCancellation(db, {
      identifier,
      sentence: 'The summary of its minute shows that it was not cancelled.',
    });
  db.prepare(
    `UPDATE meter_events SET state = 'accepted', accepted_at_ms = ?, rejection_code = NULL, set_aside_reason = NULL, set_aside_at_ms = NULL,
            last_answer = 'The summary of its minute shows that it arrived.'
      WHERE id = ? AND state NOT IN ('accepted', 'carried_forward') AND carry_forward IS NULL`,
  ).run(nowMs, id);
}

/**
 * One that was held is sealed again; one that a person has still to decide about is known never to have arrived. One that Stripe accepted is rejected: it
 * had its reason, which is to be mended first.
 */
function markMissing(db: Db, id: string, reading: MinuteReading): void {
  const { minuteMs, nowMs } = reading;
  const identifier = cancellingIdentifier(db, id);
  if (identifier !== undefined)
    finishCancellation(db, { identifier, nowMs, reason: 'The summary of its minute shows that it was cancelled.' });
  const { cause, remedy } = rejectionOf('not_counted');
  db.prepare(
    `UPDATE meter_events SET state = 'rejected', rejection_code = 'not_counted', next_attempt_at_ms = NULL, last_answer = ? WHERE id = ? AND state = 'accepted'`,
  ).run(`${cause} ${remedy}`, id);
  db.prepare(
    `UPDATE meter_events SET first_sent_at_ms = NULL, last_sent_at_ms = NULL
      WHERE id = ? AND state IN ('rejected', 'set_aside') AND carry_forward IS NULL`,
  ).run(id);
  foldWhereUnsent(db, id);
  const isHeld = db.prepare<[string], number>(`SELECT 1 FROM meter_events WHERE id = ? AND state = 'unknown'`).pluck();
  if (isHeld.get(id) !== undefined)
    reissue(db, { id, nowMs, reason: 'The summary of its minute shows that it never arrived; it is sent again.' });
  if (minuteMs >= nowMs - windowMs) return;
  db.prepare(
    `UPDATE meter_events SET state = 'set_aside', set_aside_reason = 'too_old', set_aside_at_ms = ?, next_attempt_at_ms = NULL,
            last_answer = 'The summary of its minute shows that it never arrived, and it is older than the 35 days that Stripe takes.'
      WHERE id = ? AND state = 'sealed'`,
  ).run(nowMs, id);
}

export type RefusedMinute = MinuteOfMeter & { readonly sentence: string; readonly nowMs: number };

/** Stripe refuses to tell its sum: what is held in it stays so, with the reason, for a person to decide as well; asked about again in a day. */
export function putOffMinute(db: Db, { sentence, nowMs, ...minute }: RefusedMinute): void {
  db.transaction(() => {
    if (isDoubtedAlone(db, minute)) return forgetReading(db, minute);
    db.prepare(
      `INSERT OR IGNORE INTO minute_readings (customer, meter, minute_ms, stripe_value, same_since_ms, read_at_ms, next_read_at_ms, is_unexplained)
       VALUES (@customer, @meter, @minuteMs, ${notRead}, @nowMs, @nowMs, @nowMs, 1)`,
    ).run({ ...minute, nowMs });
    planReading(db, minute, {
      atMs: nowMs + differsAgainAfterMs,
      isUnexplained: true,
      sentence: `${sentence.replace(/\.?$/, '.')} It stays held and is asked about again in a day; to bill it another way, set it aside.`,
    });
  })();
}

/** In doubt, and nothing in it is held: there is nothing that a person could decide, and its day is shown as it differs. */
function isDoubtedAlone(db: Db, { customer, meter, minuteMs }: MinuteOfMeter): boolean {
  const doubted = db.prepare<unknown[], number>(
    `SELECT 1 FROM minute_readings r WHERE customer = @customer AND meter = @meter AND minute_ms = @minuteMs AND is_doubted = 1
        AND NOT EXISTS (SELECT 1 FROM meter_events e WHERE e.customer = @customer AND e.meter = @meter AND e.minute_ms = @minuteMs
                         AND e.state IN ('unknown', 'cancelling') AND e.next_attempt_at_ms IS NULL)`,
  );
  return doubted.pluck().get({ customer, meter, minuteMs }) !== undefined;
}

type Plan = { readonly atMs: number; readonly isUnexplained: boolean; readonly sentence: string };

function planReading(db: Db, { customer, meter, minuteMs }: MinuteOfMeter, { atMs, isUnexplained, sentence }: Plan) {
  db.prepare(
    'UPDATE minute_readings SET next_read_at_ms = ?, is_unexplained = ? WHERE customer = ? AND meter = ? AND minute_ms = ?',
  ).run(atMs, Number(isUnexplained), customer, meter, minuteMs);
  db.prepare(
    `UPDATE meter_events SET last_answer = ?
      WHERE customer = ? AND meter = ? AND minute_ms = ? AND state IN ('unknown', 'cancelling') AND next_attempt_at_ms IS NULL`,
  ).run(sentence, customer, meter, minuteMs);
}

function forgetReading(db: Db, { customer, meter, minuteMs }: MinuteOfMeter): void {
  db.prepare('DELETE FROM minute_readings WHERE customer = ? AND meter = ? AND minute_ms = ?').run(
    customer,
    meter,
    minuteMs,
  );
}

function unitOf(db: Db, meter: string): MeterUnit {
  const unit = db.prepare<[string], MeterUnit>('SELECT unit FROM meter_units WHERE meter = ?').pluck().get(meter);
  if (unit === undefined) throw new Error('a meter is written down with its unit before anything is counted on it');
  return unit;
}

type Bounds = { readonly least: number; readonly most: number; readonly isOfOthers: boolean };

function differenceSentence(unit: MeterUnit, stripeValue: number, { least, most, isOfOthers }: Bounds): string {
  const words = (value: number) => valueInWords(unit, value);
  return `Stripe counts ${words(stripeValue)} in this minute; ${words(least)} without it or ${words(most)} with it would be right.${isOfOthers ? ` ${otherSenderSentence}` : ''} Nothing is sent; compare the two, then set it aside or have it read again.`;
}
