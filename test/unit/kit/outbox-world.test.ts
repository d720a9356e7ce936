/** What the world of the outbox's tests promises of a kill: the far side gets what had left then or never, however slow a socket is. */
import { afterEach, expect, it } from 'vitest';

import { askInProcess, openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const customers = ['cus_a', 'cus_b', 'cus_c'];
let world: OutboxWorld;

afterEach(() => world.close());

async function turnsOfTheLoop(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
}

/** The first event is answered at once, and its answer kills the process; those that leave after it take their turns to arrive. */
async function killedByTheFirst(
  turnsToArrive: readonly number[],
  answerTurns: (request: string) => number = () => 0,
): Promise<void> {
  let posts = 0;
  let told = '';
  world = openOutboxWorld({
    customers,
    tell: (request) => (told = request),
    answerTurns: () => answerTurns(told),
    fetch: (account) => async (url, init) => {
      if (init.method === 'POST') await turnsOfTheLoop(turnsToArrive[posts++] ?? 0);
      return askInProcess(account)(url, init);
    },
  });
  for (const customer of customers) world.call({ customer });
  world.clock.advance(2 * minuteMs);
  world.killAt('before_record');
  await world.sync();
  expect(world.isKilled()).toBe(true);
}

async function nothingMoreArrives(): Promise<void> {
  const counted = world.stripe.state.events.length;
  world.restart();
  await turnsOfTheLoop(400);
  expect(world.stripe.state.events).toHaveLength(counted);
}

it('what had left when its process died has arrived before the clock is driven on, or never does', async () => {
  await killedByTheFirst([0, 50, 50]);
  expect(world.stripe.state.events.length).toBeGreaterThan(1);
  await nothingMoreArrives();
});

it('what leaves while that is on its way has arrived too', async () => {
  let posts = 0;
  await killedByTheFirst([0, 50, 200], (request) => (request.startsWith('POST') && (posts += 1) === 3 ? 20 : 0));
  expect(posts).toBe(3);
  await nothingMoreArrives();
});
