/** A key that may not read subscriptions: only the 35 days count then, and the agent says so for as long as it is so. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { subscribe } from '../../../main/sandbox/stripe-invoices.ts';
import { openOutboxWorld, worldMeter, worldStartMs, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let world: OutboxWorld;

beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a', 'cus_b'] });
});
afterEach(() => {
  world.close();
});

async function syncAfter(ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.sync();
}

const message =
  "The provided key does not have the required permissions for this endpoint. Having the 'rak_subscription_read' permission would allow this request to continue.";

/** Gives back how the key is allowed after all. */
function forbidSubscriptions(): () => void {
  const { handle } = world.stripe;
  const reply = { status: 403, body: { error: { type: 'invalid_request_error', message } } };
  Object.assign(world.stripe, {
    handle: (request: Parameters<typeof handle>[0]) =>
      request.path.startsWith('/v1/subscriptions')
        ? { kind: 'reply', requestId: 'req_1', cutAfterBytes: null, reply }
        : handle(request),
  });
  return () => void Object.assign(world.stripe, { handle });
}

it('sends what the 35 days take, and says which permission is missing until it is given', async () => {
  subscribe(
    world.stripe.state,
    { customer: 'cus_a', eventName: worldMeter, startMs: worldStartMs, interval: 'week' },
    world.stripe.newId,
  );
  const allow = forbidSubscriptions();
  world.stripe.changeRules({ isOffline: true });
  for (const customer of ['cus_a', 'cus_b']) world.call({ customer });
  await syncAfter(9 * dayMs);
  world.stripe.changeRules({ isOffline: false });
  await syncAfter(minuteMs);
  expect(world.events().map(({ state }) => state)).toEqual(['accepted', 'accepted']);
  const sentence =
    'Stripe could not be read. The key lacks the permission “Subscriptions: Read” (rak_subscription_read): give it to the key in Stripe under Developers → API keys.';
  expect(world.readTrouble()).toBe(sentence);
  await syncAfter(2 * hourMs);
  expect(world.readTrouble()).toBe(sentence);
  allow();
  await syncAfter(25 * hourMs);
  expect(world.readTrouble()).toBe(null);
});
