/**
 * What is under way to Stripe in one run of the drain: requests leave by their road, what comes back is decided (decide.ts) and handed on to be written
 * down. Says when it is no use to go on: nothing connects, the key is refused, or eight answers in a row delivered nothing. Writes nothing itself.
 */
import { isIdentifierKept } from '../../shared/meter-event.ts';
import type { EventAnswer } from '../ledger/record-answers.ts';
import type { DueEvent } from '../ledger/take-due.ts';
import { sleep, type Clock } from '../system/clock.ts';
import { errorText } from '../system/error-text.ts';
import { decide, isDelivered, type StripeAnswer } from './decide.ts';
import { pauseSentence } from './pace.ts';
import type { Road, Shipment } from './roads.ts';

export type ShippingOptions = {
  readonly clock: Clock;
  readonly fraction: () => number;
  /** What still waits for its road's pace then is not sent any more. */
  readonly isStopped: () => boolean;
  readonly onAnswer: (answer: StripeAnswer, sentence: string) => Promise<void> | void;
  readonly onDecided: (decided: readonly EventAnswer[]) => void;
  /** Something came back, and what was told of it is done. */
  readonly onChange: () => void;
};

export type Shipping = {
  /** The first `paid` on `main` have their pace's leave already; returns how many of these were not used. */
  readonly send: (shipments: readonly Shipment[], main: Road, paid: number) => number;
  /** Requests under way on this road. */
  readonly countOn: (road: Road) => number;
  /** Requests that are taken and not answered, those included that wait for their road's pace. */
  readonly unanswered: () => number;
  readonly isHopeless: () => boolean;
  /** A bug that came up; null without one. */
  readonly fault: () => unknown;
  readonly tally: () => { readonly sent: number; readonly accepted: number };
};

const failuresMax = 8;
/** Of what waits for its road's pace: then it is looked whether it still may. */
const paceWaitMaxMs = 1_000;

const expiredAnswer: StripeAnswer = { kind: 'not_sent', reason: 'It was not sent again: a day has passed.' };
const stoppedAnswer: StripeAnswer = { kind: 'not_sent', reason: 'Tollkeeper was stopped before it sent this.' };

/** About these events alone: the pace knows of the pause already. */
const pausedAnswer = (nowMs: number, retryAfterMs: number): StripeAnswer => ({
  kind: 'rate_limited',
  reason: pauseSentence(nowMs + retryAfterMs),
  retryAfterMs,
});

export function createShipping({ clock, fraction, isStopped, ...tell }: ShippingOptions): Shipping {
  const underWay = new Map<Road, number>();
  const tally = { sent: 0, accepted: 0 };
  let unanswered = 0;
  let failures = 0;
  let isHopeless = false;
  let fault: unknown = null;

  const countOn = (road: Road) => underWay.get(road) ?? 0;

  async function come(events: readonly DueEvent[], answer: StripeAnswer): Promise<void> {
    const nowMs = clock.nowMs();
    const decided = events.map((event) => ({
      id: event.id,
      nowMs,
      ...decide(answer, { ...event, nowMs, fraction: fraction() }),
    }));
    const hasArrived = isDelivered(answer);
    if (hasArrived) tally.accepted += events.length;
    failures = hasArrived || answer.kind === 'rate_limited' ? 0 : failures + 1;
    isHopeless ||= answer.kind === 'not_connected' || answer.kind === 'not_authorized' || failures >= failuresMax;
    tell.onDecided(decided);
    await tell.onAnswer(answer, decided[0]?.sentence ?? '');
  }

  async function leave({ road, events }: Shipment, send: Road['send'] = road.send): Promise<void> {
    underWay.set(road, countOn(road) + 1);
    try {
      const answer = isHarmless(events) ? await send(events) : expiredAnswer;
      road.pace.note(answer);
      await come(events, answer);
    } catch (error) {
      // A bug, which the drain throws at its end. Whether these events arrived is not known, and that is written down first.
      fault ??= error;
      await come(events, { kind: 'no_answer', reason: errorText(error) });
    } finally {
      underWay.set(road, countOn(road) - 1);
      unanswered -= 1;
      tell.onChange();
    }
  }

  async function leaveInTime(shipment: Shipment): Promise<void> {
    const { pace } = shipment.road;
    while (pace.take(1, countOn(shipment.road)) === 0) {
      if (isStopped()) return leave(shipment, () => Promise.resolve(stoppedAnswer));
      const pauseMs = pace.longPauseMs();
      if (pauseMs > 0) return leave(shipment, () => Promise.resolve(pausedAnswer(clock.nowMs(), pauseMs)));
      await sleep(clock, Math.min(paceWaitMaxMs, pace.waitMs()));
    }
    await leave(shipment);
  }

  /** The machine may have slept between the ledger's look and now: a day later Stripe would count it a second time. */
  function isHarmless(events: readonly DueEvent[]): boolean {
    const nowMs = clock.nowMs();
    return events.every(
      ({ wasUnknown, firstSentAtMs }) => !wasUnknown || isIdentifierKept(firstSentAtMs ?? nowMs, nowMs),
    );
  }

  return {
    send: (shipments, main, paid) => {
      let left = paid;
      for (const shipment of shipments) {
        unanswered += 1;
        tally.sent += shipment.events.length;
        const isPaid = shipment.road === main && left > 0;
        if (isPaid) left -= 1;
        void (isPaid ? leave(shipment) : leaveInTime(shipment));
      }
      return left;
    },
    countOn,
    unanswered: () => unanswered,
    isHopeless: () => isHopeless,
    fault: () => fault,
    tally: () => tally,
  };
}
