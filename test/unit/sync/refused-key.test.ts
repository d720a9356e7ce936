/** A key that Stripe refuses, for sending or altogether: it uses up no reads, proves nothing of invoices, and everything goes on with the next one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readsUsed } from '../../../main/ledger/stripe-reads.ts';
import { subscribe } from '../../../main/sandbox/stripe-invoices.ts';
import type { StripeRequest } from '../../../main/sandbox/stripe-account.ts';
import { openOutboxWorld, worldMeter, worldStartMs, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const customers = Array.from({ length: 30 }, (_, index) => `cus_${index}`);
let world: OutboxWorld;

beforeEach(() => {
  world = openOutboxWorld({ customers });
});
afterEach(() => {
  world.close();
});

type Refusal = { readonly status: number; readonly message: string; readonly of: (request: StripeRequest) => boolean };

const mayNotWrite: Refusal = {
  status: 403,
  message: "Having the 'rak_billing_meter_event_write' permission would allow this request to continue.",
  of: ({ method }) => method === 'POST',
};
const revoked: Refusal = { status: 401, message: 'Expired API Key provided: rk_live_***', of: () => true };

/** Gives back how a good key is entered. */
function refuse({ status, message, of }: Refusal): () => void {
  const { handle } = world.stripe;
  const reply = { status, body: { error: { type: 'invalid_request_error', message } } };
  Object.assign(world.stripe, {
    handle: (request: StripeRequest) =>
      of(request) ? { kind: 'reply', requestId: 'req_1', cutAfterBytes: null, reply } : handle(request),
  });
  return () => void Object.assign(world.stripe, { handle });
}

async function syncFor(ms: number, everyMs: number): Promise<void> {
  for (let atMs = 0; atMs < ms; atMs += everyMs) {
    world.clock.advance(everyMs);
    await world.sync();
  }
}

describe.each([
  ['may not send', mayNotWrite],
  ['is revoked', revoked],
])('a key that %s', (_how, refusal) => {
  it('asks for a reading in a quarter of an hour at most, and everything is sent soon after it is taken again', async () => {
    const mend = refuse(refusal);
    for (const customer of customers) world.call({ customer });
    await syncFor(2 * dayMs, 20 * minuteMs);
    expect(world.events().every(({ state }) => state === 'sealed')).toBe(true);
    expect(readsUsed(world.db, world.clock.nowMs())).toBeLessThan(2 * 96 + 2 * 96 + 2 * customers.length);
    mend();
    await syncFor(hourMs, 5 * minuteMs);
    expect(world.events().every(({ state }) => state === 'accepted' || state === 'confirmed')).toBe(true);
  });
});

it('a revoked key has read nothing: what its time let pass is not sent past a final invoice by the next key', async () => {
  const [customer = ''] = customers;
  subscribe(
    world.stripe.state,
    { customer, eventName: worldMeter, startMs: worldStartMs, interval: 'week' },
    world.stripe.newId,
  );
  world.call({ customer });
  await syncFor(2 * minuteMs, 2 * minuteMs);
  const mend = refuse(revoked);
  world.clock.advance(5 * dayMs);
  world.call({ customer });
  await syncFor(3 * dayMs, hourMs);
  mend();
  world.restart();
  await syncFor(hourMs, 10 * minuteMs);
  expect(world.events().map(({ state }) => state)).toEqual([expect.stringMatching(/accepted|confirmed/), 'set_aside']);
  expect(world.view().carryForwards).toHaveLength(1);
});
