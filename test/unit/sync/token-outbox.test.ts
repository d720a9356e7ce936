/** The outbox of a token plan where things go wrong: every sentence and sum tells tokens as tokens, and what they are worth as money. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { recordMinute } from '../../../main/ledger/minute-readings.ts';
import { readMeterEvent } from '../../../main/ledger/read-meter-event.ts';
import { eventText, statusText } from '../../../main/commands/sync-text.ts';
import { planSchema } from '../../../shared/contract/plan.ts';
import { createDayOf } from '../../../shared/period.ts';
import { carryAllForward, openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const input = 'tollkeeper_tokens_input';
let world: OutboxWorld;
beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a'], plan: planSchema.parse({ kind: 'tokens' }) });
});
afterEach(() => world.close());

const status = () => statusText(world.view(), createDayOf('UTC')).join('\n');
/** Its first call has 1,001 tokens in, 7 out and 3 from the cache. */
function minuteOfCalls(): void {
  world.call({ customer: 'cus_a' });
  world.clock.advance(2 * minuteMs);
}

describe('a token plan', () => {
  it('says what waits in tokens, and what they are worth', async () => {
    world.stripe.changeRules({ isOffline: true });
    minuteOfCalls();
    await world.sync();
    expect(world.view()).toMatchObject({
      waitingEvents: 3,
      waitingQuantities: { tokens: 1_011, requests: 0, unpricedEvents: 0 },
      waitingNanoUsd: 1_001 * 2_000 + 7 * 10_000 + 3 * 100,
    });
    expect(status()).toMatch(/^3 meter events wait, worth \$0\.002072 \(1,011 tokens\); /);
    expect(status()).toContain('\nThe oldest of what waits is of 2026-11-02T00:00 (UTC).\n');
    expect(status()).toMatch(/cus_a +2026-11-02T00:00 +1,001 input tokens +\$0\.002002 +(?:sealed|unknown)/);
  });

  it('proposes one invoice item that names the tokens by class, and counts each call once', async () => {
    world.stripe.changeRules({ isOffline: true });
    minuteOfCalls();
    minuteOfCalls();
    await world.sync();
    world.clock.advance(34 * dayMs);
    expect(status()).toContain(
      '$0.00 (2,023 tokens) leaves the 35-day window tomorrow unless this machine goes online',
    );
    world.clock.advance(6 * dayMs);
    world.stripe.changeRules({ isOffline: false });
    await world.sync();
    const [proposed] = world.view().carryForwards;
    expect(proposed).toMatchObject({ events: 6, calls: 2, tokens: 2_023, nanoUsd: 4_146_600 });
    expect(proposed?.sentence).toBe(
      'Usage of 2026-11-02 (2 calls) that was not metered: worth $0.004147, 6 cache reads, 2,003 input tokens, 14 output tokens.',
    );
    expect(carryAllForward(world)).toBe(1);
    expect(world.view().carryForwards).toEqual([]);
    expect(world.db.prepare('SELECT worth_nano_usd FROM carry_forwards').pluck().get()).toBe(4_146_600);
  });

  it('compares days and minutes in tokens', async () => {
    minuteOfCalls();
    await world.sync();
    const [held] = world.stripe.state.events.filter(({ eventName }) => eventName === input);
    if (!held) throw new Error('Stripe has it');
    held.isCancelled = true;
    world.clock.advance(30 * hourMs);
    await world.sync();
    expect(world.view().dayDifferences).toMatchObject([
      { meter: input, unit: 'token', tokenClass: 'input', acceptedValue: 1_001, stripeValue: 0 },
    ]);
    expect(status()).toMatch(/2026-11-02 +cus_a +1,001 input tokens +0 tokens +−1,001 tokens/);

    const event = world.db
      .prepare<[string], { id: string; minuteMs: number }>(
        `UPDATE meter_events SET state = 'unknown', next_attempt_at_ms = NULL, accepted_at_ms = NULL WHERE meter = ?
          RETURNING id, minute_ms AS minuteMs`,
      )
      .get(input);
    if (!event) throw new Error('it stands in the outbox');
    const reading = { customer: 'cus_a', meter: input, minuteMs: event.minuteMs, stripeValue: 17 };
    world.clock.advance(7 * hourMs);
    recordMinute(world.db, { ...reading, nowMs: world.clock.nowMs() });
    world.clock.advance(2 * hourMs);
    await world.sync();
    recordMinute(world.db, { ...reading, nowMs: world.clock.nowMs() });
    recordMinute(world.db, { ...reading, nowMs: world.clock.nowMs() + 2 * hourMs });
    const detail = readMeterEvent(world.db, event.id);
    expect(detail?.event.lastAnswer).toContain(
      'Stripe counts 17 tokens in this minute; 0 tokens without it or 1,001 tokens with it would be right.',
    );
    if (!detail) throw new Error('it stands in the outbox');
    const [told, , , , call] = eventText(detail);
    expect(told).toMatch(/^1,001 input tokens of cus_a, worth \$0\.002002, in the minute/);
    expect(call).toMatch(/1,001 tokens +\$0\.002002000$/);
  });
});
