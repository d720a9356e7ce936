/**
 * The ways to Stripe and which event goes by which. Pure but for what it is given. One by one on v1 is the rule; the stream takes what has never been
 * sent, by the hundred, where it is switched on and the key is a live one. What may have arrived goes by v1, which says so (stripe-stream.ts).
 */
import { modeOfKey, type StripeMode } from '../../shared/stripe-binding.ts';
import type { DueEvent } from '../ledger/take-due.ts';
import type { Pace, PaceLimits } from './pace.ts';
import type { SendEvents } from './stripe.ts';

export type Road = {
  readonly pace: Pace;
  /** Events in one request. */
  readonly batchMax: number;
  readonly send: SendEvents;
};

/** `stream` null: everything goes one by one. */
export type Roads = { readonly single: Road; readonly stream: Road | null };

/**
 * Requests a second: 1,000 meter events live, 25 in all in a sandbox; 10,000 on the stream, which the documents count in events in one place and in
 * requests in another, so events it is (facts/stripe.md sections 1 and 2). How many may be under way Stripe does not say: what a third of a second's
 * requests come to, which is more than an answer takes.
 */
export const singleLimits: Readonly<Record<StripeMode, PaceLimits>> = {
  live: { perSecond: 1_000, underWayMax: 300 },
  test: { perSecond: 25, underWayMax: 8 },
};
export const streamLimits: PaceLimits = { perSecond: 100, underWayMax: 30 };

/** Why the stream is not used although it is switched on, or what it means; null when it is off. `apiKey` null: none is known here. */
export function streamSentenceOf(isOn: boolean, apiKey: string | null): string | null {
  if (!isOn) return null;
  if (apiKey !== null && modeOfKey(apiKey) === 'test')
    return 'stripeStream is switched on, but Stripe’s stream works with live keys only: with this test key meter events go one by one.';
  return 'With a live key meter events go by Stripe’s stream, a hundred in a request. It answers before it looks at them: Stripe’s figure of each day confirms them.';
}

export type Shipment = { readonly road: Road; readonly events: readonly DueEvent[] };

/** A pair's events stay together and in order, so that one request at a time holds any of them. */
export function shipmentsOf({ single, stream }: Roads, events: readonly DueEvent[]): Shipment[] {
  const byPair = Map.groupBy(events, ({ customer, meter }) => `${customer}\n${meter}`);
  const shipments: Shipment[] = [];
  let batch: DueEvent[] = [];
  const close = (road: Road) => {
    if (batch.length > 0) shipments.push({ road, events: batch });
    batch = [];
  };
  for (const ofPair of byPair.values()) {
    const [first] = ofPair;
    if (first === undefined) continue;
    if (stream === null || ofPair.some(({ wasUnknown }) => wasUnknown)) {
      shipments.push({ road: single, events: ofPair });
      continue;
    }
    if (batch.length + ofPair.length > stream.batchMax) close(stream);
    batch.push(...ofPair);
  }
  if (stream !== null) close(stream);
  return shipments;
}
