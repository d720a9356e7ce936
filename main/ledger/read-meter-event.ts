/**
 * One meter event with the calls it sums and the identifiers it has had: the way from a line of an invoice back to the calls, whichever identifier stands
 * there. Reading side only.
 */
import type { MeterEventDetail } from '../../shared/contract/api.ts';
import { identifierLifeMs } from '../../shared/meter-event.ts';
import type { Db } from '../system/db.ts';
import { adjustsSentEvents } from './adjusts-sent-events.ts';
import { meterEventColumns } from './list-events.ts';

/** A minute of one customer has a handful of calls; a runaway has thousands. */
const callsMax = 500;

/** `asked`: an id, or any identifier that the event was or is sent under. Null when there is none. */
export function readMeterEvent(db: Db, asked: string): MeterEventDetail | null {
  const found = findEvent(db, asked);
  const event =
    found &&
    db
      .prepare<[string], MeterEventDetail['event']>(`SELECT ${meterEventColumns} FROM meter_events WHERE id = ?`)
      .get(found.id);
  if (!found || !event) return null;
  const { id } = event;
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
  return { event, lead: found.lead, spent, adjustment: adjustmentOf(db, event), calls };
}

type Found = { readonly id: string; readonly lead: string | null };

function findEvent(db: Db, asked: string): Found | null {
  const id = db
    .prepare<unknown[], string>(
      `SELECT id FROM meter_events WHERE id = @asked OR identifier = @asked
       UNION ALL SELECT event_id FROM spent_identifiers WHERE identifier = @asked LIMIT 1`,
    )
    .pluck()
    .get({ asked });
  return id === undefined ? findOpened(db, asked) : { id, lead: null };
}

/** Its calls stand in an event of the same minute: the last one sealed, where there are several. */
function findOpened(db: Db, asked: string): Found | null {
  const id = db
    .prepare<[string], string>(
      `SELECT e.id FROM opened_events o JOIN meter_events e USING (customer, meter, minute_ms) WHERE o.id = ? ORDER BY e.revision DESC LIMIT 1`,
    )
    .pluck()
    .get(asked);
  if (id === undefined) return null;
  const lead = `${asked} was opened again before it was sent, since a call of it was corrected; its calls were summed anew in this one.`;
  return { id, lead };
}

type Row = Pick<NonNullable<MeterEventDetail['adjustment']>, 'calls' | 'amountThousandths' | 'nanoUsd'>;

/** What the corrections of a sent event come to, and what becomes of them; null when there are none and nothing was cancelled. */
function adjustmentOf(db: Db, event: MeterEventDetail['event']): MeterEventDetail['adjustment'] {
  const changes = db
    .prepare<[string], Row>(
      `SELECT COUNT(DISTINCT call_id) AS calls, COALESCE(SUM(due_thousandths - sent_thousandths), 0) AS amountThousandths,
              COALESCE(SUM(due_worth_nano_usd - sent_worth_nano_usd), 0) AS nanoUsd FROM billing_differences WHERE event_id = ?`,
    )
    .get(event.id);
  if (!changes) throw new Error('an aggregate without groups always has one row');
  const { calls } = changes;
  const last = db
    .prepare<[string], { readonly lastAnswer: string }>(
      `SELECT last_answer AS lastAnswer FROM cancellations WHERE event_id = ? ORDER BY asked_at_ms DESC LIMIT 1`,
    )
    .get(event.id);
  if (calls === 0 && last === undefined) return null;
  return {
    ...changes,
    sentence: calls === 0 ? (last?.lastAnswer ?? '') : whatFollows(db, event, last?.lastAnswer),
  };
}

function whatFollows(
  db: Db,
  { identifier, state, firstSentAtMs }: MeterEventDetail['event'],
  said: string | undefined,
): string {
  const isJudged = db.prepare<[string], number>('SELECT 1 FROM cancellations WHERE identifier = ?').pluck();
  if (state === 'cancelling') return said ?? '';
  if (state === 'sending' || state === 'unknown')
    return 'Once it is known whether Stripe has it, it is cancelled and sent anew, or its new sum is sent.';
  if (state === 'rejected') return 'When it is sent again, they are in its new sum.';
  if (state !== 'accepted' && state !== 'confirmed') return 'They are part of the carry-forward that is proposed.';
  if (isJudged.get(identifier) !== undefined)
    return `${said ?? ''} The difference is settled by a carry-forward.`.trim();
  if (!adjustsSentEvents(db))
    return 'Sent events are not cancelled (the setting adjustSentEvents is off); the difference is settled by a carry-forward.';
  const untilMs = (firstSentAtMs ?? 0) + identifierLifeMs;
  return `By itself it is cancelled at Stripe and sent anew until ${new Date(untilMs).toISOString().slice(0, 16)} UTC; later the difference is settled by a carry-forward.`;
}
