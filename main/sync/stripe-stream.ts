/**
 * Sends meter events by the hundred on Stripe's v2 stream (setting `stripeStream`, live mode only). Promises: one request, at most a hundred events,
 * a session that is renewed before its quarter of an hour is over.
 *
 * The stream answers `{}` before it looks at anything: yes means taken and not confirmed, which the daily comparison does; what it does not count it
 * reports later. It tells no duplicate. So what may have arrived by it (an answer that was lost, a session that ended in mid-batch) is never sent by
 * it again: it goes by v1 under the same identifier, which Stripe keeps unique for a day on both roads and which v1 answers for, event by event;
 * after that day the summary of its minute is read as for any other.
 * Source: facts/stripe.md section 2.
 */
import { Stripe } from 'stripe';

import { stampOf } from '../../shared/meter-event.ts';
import type { DueEvent } from '../ledger/take-due.ts';
import type { Clock } from '../system/clock.ts';
import type { StripeAnswer } from './decide.ts';
import { answerOf, idempotencyKeyOf, type SendEvents } from './stripe.ts';

export const streamEventsMax = 100;
/** A batch that is on its way when its session ends is of unknown outcome; a request takes seconds at most. */
const renewAheadMs = 2 * 60_000;

type Session = { readonly token: string; readonly untilMs: number };

export function createStripeStream(client: Stripe, clock: Pick<Clock, 'monotonicMs'>): SendEvents {
  let session: Session | null = null;
  let opening: Promise<Session> | null = null;

  /** Batches side by side share one request for a session. */
  async function currentSession(): Promise<Session> {
    if (session !== null && clock.monotonicMs() < session.untilMs) return session;
    opening ??= openSession(client, clock).finally(() => {
      opening = null;
    });
    session = await opening;
    return session;
  }

  return async (events) => {
    let opened: Session;
    try {
      opened = await currentSession();
    } catch (error) {
      return beforeTheBatch(answerOf(error));
    }
    try {
      await client.v2.billing.meterEventStream.create(
        { events: events.map(streamEvent) },
        { apiKey: opened.token, idempotencyKey: batchKeyOf(events) },
      );
      return { kind: 'accepted', isUnchecked: true };
    } catch (error) {
      if (!(error instanceof Stripe.errors.TemporarySessionExpiredError)) return answerOf(error);
      if (session === opened) session = null;
      return { kind: 'busy', reason: 'the stream’s session ended with the batch under way', retryAfterMs: null };
    }
  };
}

async function openSession(client: Stripe, clock: Pick<Clock, 'monotonicMs'>): Promise<Session> {
  const askedAtMs = clock.monotonicMs();
  const {
    authentication_token: token,
    created,
    expires_at: expiresAt,
  } = await client.v2.billing.meterEventSession.create();
  // Both by Stripe's clock: this machine's may be minutes off.
  const lifeMs = Date.parse(expiresAt) - Date.parse(created);
  return { token, untilMs: askedAtMs + lifeMs - renewAheadMs };
}

/** Without a session no event has left; what Stripe says of the account or the key stays as it is. */
function beforeTheBatch(answer: StripeAnswer): StripeAnswer {
  switch (answer.kind) {
    case 'no_answer':
    case 'busy':
    case 'refused':
      return { kind: 'not_sent', reason: `Stripe gave no session for its stream: ${answer.reason}` };
    default:
      return answer;
  }
}

function streamEvent({ meter, identifier, minuteMs, customer, value }: DueEvent) {
  return {
    event_name: meter,
    identifier,
    // v2 takes RFC 3339 and texts; a number would be sent as one.
    timestamp: new Date(stampOf(minuteMs)).toISOString(),
    payload: { stripe_customer_id: customer, value: String(value) },
  };
}

/** A batch of one is named by its event, as on v1, so that a report that names the request's key finds it. */
function batchKeyOf(events: readonly DueEvent[]): string {
  const [first] = events;
  if (first === undefined) throw new Error('a batch holds an event');
  return events.length === 1 ? idempotencyKeyOf(first) : `${idempotencyKeyOf(first)}+${events.length}`;
}
