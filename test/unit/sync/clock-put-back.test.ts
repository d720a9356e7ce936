/** A backlog that was sent while the machine's clock was ahead: once it is put right, nobody knows how long ago that was, so it is weighed and not sent again. */
import { expect, it } from 'vitest';

import { createStripeAccount, type StripeAccount } from '../../../main/sandbox/stripe-account.ts';
import { isIdentifierKept } from '../../../shared/meter-event.ts';
import { openOutboxWorld } from '../../kit/outbox-world.ts';

const hourMs = 3_600_000;

/** An account whose own clock is right, however far ahead the machine's is. */
function openWorldAhead({ isTaken = true } = {}) {
  let aheadMs = 0;
  let isLost = false;
  let account: StripeAccount | null = null;
  const world = openOutboxWorld({
    customers: ['cus_a'],
    fetch: (own, clock) => async (url, init) => {
      account ??= createStripeAccount({ ...clock, nowMs: () => clock.nowMs() - aheadMs }, own.rules());
      for (const [id, meter] of own.state.meters) account.state.meters.set(id, meter);
      for (const [id, customer] of own.state.customers) account.state.customers.set(id, customer);
      const headers = Object.fromEntries(new Headers(init.headers));
      const body = typeof init.body === 'string' ? init.body : '';
      const isCut = isLost && init.method === 'POST';
      if (isCut && !isTaken) throw Object.assign(new TypeError('fetch failed'), { code: 'ECONNRESET' });
      const outcome = account.handle({ method: init.method ?? 'GET', path: url.pathname + url.search, headers, body });
      if (isCut || outcome.kind === 'drop') throw Object.assign(new TypeError('fetch failed'), { code: 'ECONNRESET' });
      return new Response(JSON.stringify(outcome.reply.body), { status: outcome.reply.status });
    },
  });
  return {
    world,
    received: () => (account?.state.events ?? []).length,
    loseAnswers: (isOn: boolean) => {
      isLost = isOn;
    },
    /** Real time stands still. */
    putAhead: (ms: number) => {
      aheadMs += ms;
      world.clock.advance(ms);
    },
  };
}

it('is held for the summary of its minute, and never sent a second time', async () => {
  const { world, received, loseAnswers, putAhead } = openWorldAhead();
  world.call();
  world.clock.advance(2 * hourMs);
  putAhead(72 * hourMs);
  loseAnswers(true);
  await world.sync();
  expect(received()).toBe(1);
  loseAnswers(false);
  world.stripe.changeRules({ isOffline: true });
  putAhead(-72 * hourMs);
  world.clock.advance(30 * hourMs);
  world.stripe.changeRules({ isOffline: false });
  for (let round = 0; round < 30; round++) {
    world.clock.advance(6 * hourMs);
    await world.sync();
  }
  expect(received()).toBe(1);
  expect(world.events()[0]?.state).toMatch(/^(?:accepted|confirmed)$/);
  world.close();
});

it('is sent when the summary lacks it, after a few reads of its minute', async () => {
  const { world, received, loseAnswers, putAhead } = openWorldAhead({ isTaken: false });
  world.call();
  world.clock.advance(2 * hourMs);
  putAhead(72 * hourMs);
  loseAnswers(true);
  await world.sync();
  loseAnswers(false);
  putAhead(-72 * hourMs);
  for (let minutes = 0; minutes < 24 * 60; minutes += 5) {
    world.clock.advance(5 * 60_000);
    await world.sync();
  }
  expect(received()).toBe(1);
  const reads = world.db
    .prepare<[], number>(`SELECT SUM(reads) FROM stripe_reads WHERE kind = 'minutes'`)
    .pluck()
    .get();
  expect(reads).toBeLessThan(10);
  world.close();
});

it('is what a first attempt in the future tells, beyond what two clocks may differ by', () => {
  const nowMs = Date.parse('2026-11-26T12:00:00Z');
  expect(isIdentifierKept(nowMs, nowMs)).toBe(true);
  expect(isIdentifierKept(nowMs + 30 * 60_000, nowMs)).toBe(true);
  expect(isIdentifierKept(nowMs + 31 * 60_000, nowMs)).toBe(false);
  expect(isIdentifierKept(nowMs - 23 * hourMs, nowMs)).toBe(true);
  expect(isIdentifierKept(nowMs - 23 * hourMs - 1, nowMs)).toBe(false);
});
