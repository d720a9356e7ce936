/** Opens the ways to Stripe that a key allows (roads.ts): v1, and the stream where it is switched on and the key is a live one. */
import type { Stripe } from 'stripe';

import { modeOfKey } from '../../shared/stripe-binding.ts';
import type { Clock } from '../system/clock.ts';
import { createPace } from './pace.ts';
import { singleLimits, streamLimits, type Roads } from './roads.ts';
import { createStripeStream, streamEventsMax } from './stripe-stream.ts';
import { createStripeMeter } from './stripe.ts';

export type RoadsOptions = {
  readonly client: Stripe;
  readonly apiKey: string;
  /** The setting `stripeStream`. */
  readonly hasStream: boolean;
  readonly clock: Clock;
};

export function openRoads({ client, apiKey, hasStream, clock }: RoadsOptions): Roads {
  // A key that is neither is refused before anything is sent; the sandbox's pace is the slower one.
  const mode = modeOfKey(apiKey) ?? 'test';
  const single = { pace: createPace(singleLimits[mode], clock), batchMax: 1, send: createStripeMeter(client) };
  if (!hasStream || mode !== 'live') return { single, stream: null };
  const send = createStripeStream(client, clock);
  return { single, stream: { pace: createPace(streamLimits, clock), batchMax: streamEventsMax, send } };
}
