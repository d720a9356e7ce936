/** What the world of the outbox's tests promises of a kill: the far side gets what had left then or never, however slow a socket is. */
import { afterEach, expect, it } from 'vitest';

import { askInProcess, openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
let world: OutboxWorld;

afterEach(() => world.close());

it('what had left when its process died has arrived before the clock is driven on, or never does', async () => {
  let arrived = 0;
  world = openOutboxWorld({
    customers: ['cus_a', 'cus_b', 'cus_c'],
    fetch: (account) => async (url, init) => {
      // The first is answered at once, and its answer kills the process; the others are slow.
      if (init.method === 'POST' && (arrived += 1) > 1)
        for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
      return askInProcess(account)(url, init);
    },
  });
  for (const customer of ['cus_a', 'cus_b', 'cus_c']) world.call({ customer });
  world.clock.advance(2 * minuteMs);
  world.killAt('before_record');
  await world.sync();
  expect(world.isKilled()).toBe(true);
  const counted = world.stripe.state.events.length;
  expect(counted).toBeGreaterThan(1);
  world.restart();
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  expect(world.stripe.state.events).toHaveLength(counted);
});
