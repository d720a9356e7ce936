/**
 * A clock that jumps a day, ahead or back, in the middle of calls: they go through, none ends before it began, sums and outbox add up, and nothing that
 * waits by the clock waits a day for it.
 */
import { once } from 'node:events';

import { afterEach, beforeEach, describe, expect } from 'vitest';

import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { fault } from '../kit/fault.ts';
import { bytesOf, openRaw, raw } from '../kit/raw-http.ts';
import { createShiftedClock, startTestEngine, type ShiftedClock, type TestEngine } from '../kit/test-engine.ts';

const dayMs = 86_400_000;
const meter = 'tollkeeper_cost_micro_usd';
let anthropic: SandboxAnthropic;
let stripe: SandboxStripe;
let stripeClock: ShiftedClock;
let engine: TestEngine;

beforeEach(async () => {
  anthropic = await startSandboxAnthropic({ clock: systemClock });
  stripeClock = createShiftedClock();
  stripe = await startSandboxStripe({ clock: stripeClock, rules: { requestsPerSecond: 1_000 } });
  stripe.seed({ eventName: meter, customers: ['cus_a'] });
  engine = await startTestEngine({ upstream: anthropic.url, stripeApiBase: stripe.url });
});

afterEach(async () => {
  await engine.close();
  await stripe.close();
  await anthropic.close();
});

const body = JSON.stringify({
  model: 'claude-sonnet-5-5',
  max_tokens: 60,
  stream: true,
  messages: [{ role: 'user', content: 'what time is it?' }],
});
const headers = { 'x-api-key': 'sk-ant-test', 'x-tollkeeper-customer': 'cus_a' };
const post = { method: 'POST', body, headers };

async function callThrough(jump: () => void): Promise<void> {
  const slow = { ...headers, 'x-sandbox-fault': 'slow=20' };
  const incoming = await openRaw(`${engine.proxyUrl}/v1/messages`, { ...post, headers: slow });
  await once(incoming, 'readable');
  jump();
  expect((await bytesOf(incoming)).toString()).toContain('message_stop');
  expect((await raw(`${engine.proxyUrl}/v1/messages`, post)).status).toBe(200);
}

/** Both clocks: time passes, nothing jumps. */
function wait(byMs: number): void {
  engine.clock.putAhead(byMs);
  stripeClock.putAhead(byMs);
}

/** What Stripe was told, once each, is what the calls cost. */
async function expectBilled(): Promise<void> {
  await engine.syncNow();
  const view = await engine.stripe();
  expect(view).toMatchObject({ waitingEvents: 0, rejectedEvents: 0 });
  const cost = engine.exported().reduce((sum, call) => sum + (call.cost_nano_usd ?? 0), 0);
  expect(Number(stripe.meterSum('cus_a', meter)) * 1_000 + view.openNanoUsd).toBe(cost);
  expect(engine.verify().findings).toEqual([]);
}

const says = { client: 'the whole answer', ledger: 'complete, priced, its true length; billed once' };

describe('clock', () => {
  for (const [name, byMs] of [
    ['jumps ahead a day', dayMs],
    ['jumps back a day', -dayMs],
  ] as const) {
    fault(name, says, async () => {
      await callThrough(() => engine.clock.putAhead(byMs));
      await engine.settled(2);
      // And right again, before the minute of the wrong day is sealed.
      engine.clock.putAhead(-byMs);
      await raw(`${engine.proxyUrl}/v1/messages`, post);
      await engine.settled(3);
      const calls = engine.exported();
      for (const { status, estimated, started_at: startedAt, ended_at: endedAt, cost_nano_usd: cost } of calls) {
        expect({ status, estimated, isPriced: cost !== null }).toEqual({
          status: 'complete',
          estimated: false,
          isPriced: true,
        });
        const tookMs = Date.parse(endedAt) - Date.parse(startedAt);
        expect(tookMs).toBeGreaterThanOrEqual(0);
        expect(tookMs).toBeLessThan(60_000);
      }
      // The wrong day passes; until then its minutes wait, since Stripe takes none from the future.
      wait(Math.max(0, byMs) + 120_000);
      await expectBilled();
      return says;
    });
  }

  fault(
    'is put back a day while a meter event waits for its next attempt',
    { client: 'the whole answer', ledger: 'sent by itself within seconds, once' },
    async () => {
      await raw(`${engine.proxyUrl}/v1/messages`, post);
      await engine.settled(1);
      wait(120_000);
      await stripe.setRules({ isOffline: true });
      await engine.syncNow();
      expect((await engine.stripe()).waitingEvents).toBe(1);
      engine.clock.putAhead(-dayMs);
      await stripe.setRules({ isOffline: false });
      const startedMs = performance.now();
      // Nobody asks for it: the agent comes to it by itself.
      while ((await engine.stripe()).waitingEvents > 0 && performance.now() - startedMs < 30_000)
        await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await engine.stripe()).waitingEvents).toBe(0);
      expect(stripe.events()).toHaveLength(1);
      await expectBilled();
      return { client: 'the whole answer', ledger: 'sent by itself within seconds, once' };
    },
  );
});
