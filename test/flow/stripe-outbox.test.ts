/** The outbox against a Stripe that goes wrong: offline, lost answers, duplicates, limits, refusals. Nothing twice, nothing lost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { noSecrets } from '../../shared/contract/secrets.ts';
import { stampOf } from '../../shared/meter-event.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startMessagesUpstream } from '../kit/messages-upstream.ts';
import type { Upstream } from '../kit/upstream.ts';

const meter = 'tollkeeper_cost_micro_usd';
const minuteMs = 60_000;
const clock = createShiftedClock();
let upstream: Upstream;
let stripe: SandboxStripe;
let engine: TestEngine;

/** 1,000 × $2/M + 7 × $10/M + 3 × $0.10/M: not a whole number of micro-dollars, so every event leaves a remainder. */
const usage = { input_tokens: 1_000, output_tokens: 7, cache_read_input_tokens: 3 };
const nanoPerCall = 2_000_000 + 70_000 + 300;

beforeEach(async () => {
  upstream = await startMessagesUpstream(usage);
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 1_000 } });
  stripe.seed({ eventName: meter, customers: ['cus_a', 'cus_b'] });
  engine = await startTestEngine({ upstream: upstream.url, stripeApiBase: stripe.url });
});

afterEach(async () => {
  await engine.close();
  await stripe.close();
  await upstream.close();
});

async function callFor(customer: string): Promise<void> {
  await fetch(`${engine.proxyUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'x-tollkeeper-customer': customer },
    body: '{}',
  }).then((answer) => answer.text());
}

/** Calls in one minute, then on to the next, so that the minute can be sealed. */
async function minuteOfCalls(...customers: string[]): Promise<void> {
  const before = engine.exported().length;
  for (const customer of customers) await callFor(customer);
  await engine.settled(Math.min(200, before + customers.length));
  engine.clock.putAhead(2 * minuteMs);
  clock.putAhead(2 * minuteMs);
}

async function expectAgreement(): Promise<void> {
  const view = await engine.stripe();
  const nano = engine.exported().length * nanoPerCall;
  const held = Number(stripe.meterSum('cus_a', meter) + stripe.meterSum('cus_b', meter)) * 1_000;
  expect(view).toMatchObject({ waitingEvents: 0, rejectedEvents: 0 });
  expect(held + view.openNanoUsd).toBe(nano);
  const identifiers = stripe.events().map((event) => event.identifier);
  expect(new Set(identifiers).size).toBe(identifiers.length);
  expect(engine.verify().findings).toEqual([]);
}

describe('the outbox', () => {
  it('folds a minute into one event per customer, with a timestamp inside the minute', async () => {
    await minuteOfCalls('cus_a', 'cus_a', 'cus_b');
    await engine.syncNow();

    await expectAgreement();
    expect(
      stripe
        .events()
        .map(({ customer, value }) => [customer, value])
        .toSorted(([a = ''], [b = '']) => a.localeCompare(b)),
    ).toEqual([
      ['cus_a', String(Math.floor((2 * nanoPerCall) / 1_000))],
      ['cus_b', String(Math.floor(nanoPerCall / 1_000))],
    ]);
    const started = Date.parse(engine.exported()[0]?.started_at ?? '');
    const stamped = stampOf(Math.floor(started / minuteMs) * minuteMs);
    expect(stripe.events().map(({ timestampMs }) => timestampMs)).toEqual([stamped, stamped]);
  });

  it('keeps everything while Stripe cannot be reached, and delivers it when it can', async () => {
    await stripe.setRules({ isOffline: true });
    await minuteOfCalls('cus_a', 'cus_b');
    await minuteOfCalls('cus_a');
    await engine.syncNow();

    const offline = await engine.stripe();
    expect(offline).toMatchObject({ state: 'offline', waitingEvents: 3, acceptedEvents: 0 });
    expect(offline.waitingNanoUsd).toBeGreaterThan(0);

    await stripe.setRules({ isOffline: false });
    await engine.syncNow();
    await expectAgreement();
    expect((await engine.stripe()).state).toBe('ok');
  });

  it.each([
    'lose_answer',
    'error_500',
    'conflict_409',
    'rate_limit_429',
    'lock_timeout_429',
    'drop_connection',
  ] as const)('delivers once through %s', async (fault) => {
    stripe.breakNext(fault);
    await minuteOfCalls('cus_a', 'cus_b');
    await engine.syncNow();
    // The agent's own backoff would come to it as well; asking again skips the wait.
    for (let round = 0; round < 5 && (await engine.stripe()).waitingEvents > 0; round++) await engine.syncNow();
    await expectAgreement();
  });

  it('counts an identifier that Stripe has already as delivered', async () => {
    // The SDK itself asks once more after a reset; its second try is lost as well, so that ours is the one that meets the identifier.
    stripe.breakNext('lose_answer', 'drop_connection');
    await minuteOfCalls('cus_a');
    await engine.syncNow();
    for (let round = 0; round < 5 && (await engine.stripe()).waitingEvents > 0; round++) await engine.syncNow();

    const [event] = (await engine.stripe()).events;
    expect(event).toMatchObject({ state: 'accepted', lastAnswer: 'Stripe had it already.' });
    expect(stripe.events()).toHaveLength(1);
  });

  it('sends what was left in sending by a crash again under the same identifier', async () => {
    await stripe.setRules({ isOffline: true });
    await minuteOfCalls('cus_a');
    await engine.syncNow();
    const [waiting] = (await engine.stripe()).events;
    await engine.restart();
    await stripe.setRules({ isOffline: false });
    await engine.syncNow();

    expect(stripe.events().map(({ identifier }) => identifier)).toEqual([waiting?.id]);
    await expectAgreement();
  });

  it('shows an event that Stripe refuses, with its words, and sends it again when asked', async () => {
    await minuteOfCalls('cus_a');
    stripe.seed({ eventName: 'other', customers: [] });
    const wrong = await startTestEngine({
      upstream: upstream.url,
      stripeApiBase: stripe.url,
      settings: { plan: { kind: 'cost', eventName: 'no_such_meter' } },
    });
    await fetch(`${wrong.proxyUrl}/v1/messages`, {
      method: 'POST',
      headers: { 'x-tollkeeper-customer': 'cus_a' },
      body: '{}',
    }).then((answer) => answer.text());
    await wrong.settled(1);
    wrong.clock.putAhead(2 * minuteMs);
    await wrong.syncNow();

    const refused = await wrong.stripe();
    expect(refused).toMatchObject({ rejectedEvents: 1, state: 'failing' });
    expect(refused.events[0]?.lastAnswer).toContain('No active meter found with this event name');

    stripe.seed({ eventName: 'no_such_meter', customers: [] });
    const id = encodeURIComponent(refused.events[0]?.id ?? '');
    const token = { authorization: 'Bearer test-token-of-more-than-thirty-two-characters' };
    await fetch(`${wrong.dashboardUrl}/api/stripe/events/${id}/retry`, { method: 'POST', headers: token });
    expect(await wrong.stripe()).toMatchObject({ rejectedEvents: 0, acceptedEvents: 1 });
    await wrong.close();
  });

  it('adds what settles after its minute was sealed as a further event of that minute', async () => {
    await minuteOfCalls('cus_a');
    await engine.syncNow();
    // A clock put back into the sealed minute stands for a call that settles late.
    engine.clock.putAhead(-2 * minuteMs);
    await callFor('cus_a');
    await engine.settled(2);
    engine.clock.putAhead(2 * minuteMs);
    await engine.syncNow();

    const { events } = await engine.stripe();
    expect(events).toHaveLength(2);
    // Two events of one minute, or, when the minute turned over during the test, one of each.
    const isSameMinute = events[0]?.minuteMs === events[1]?.minuteMs;
    expect(new Set(events.map(({ revision }) => revision))).toEqual(new Set(isSameMinute ? [1, 2] : [1]));
    await expectAgreement();
  });

  it('does not send again what may have arrived more than a day ago', async () => {
    stripe.breakNext('lose_answer', 'drop_connection');
    await minuteOfCalls('cus_a');
    await engine.syncNow();
    expect((await engine.stripe()).events[0]?.state).toBe('unknown');

    // The machine slept; by now Stripe has forgotten the identifier and would count it again.
    engine.clock.putAhead(30 * 60 * minuteMs);
    clock.putAhead(30 * 60 * minuteMs);
    await engine.syncNow();
    await engine.restart();
    await engine.syncNow();

    // The summary of its minute says that it arrived; nothing was sent again.
    expect(stripe.events()).toHaveLength(1);
    await expectAgreement();
    expect((await engine.stripe()).events[0]).toMatchObject({
      state: 'accepted',
      lastAnswer: 'The summary of its minute shows that it arrived.',
    });
  });

  it('keeps everything without a key', async () => {
    const keyless = await startTestEngine({ upstream: upstream.url });
    await fetch(`${keyless.proxyUrl}/v1/messages`, {
      method: 'POST',
      headers: { 'x-tollkeeper-customer': 'cus_a' },
      body: '{}',
    }).then((answer) => answer.text());
    await keyless.settled(1);
    keyless.clock.putAhead(2 * minuteMs);
    await keyless.syncNow();
    expect(await keyless.stripe()).toMatchObject({ state: 'off', mode: 'off', waitingEvents: 1 });
    await keyless.close();
  });
});

describe('a key that is given while the engine runs', () => {
  // Stripe has an event a moment before its answer is written down.
  const nothingWaits = () =>
    expect.poll(async () => (await engine.stripe()).waitingEvents, { timeout: 10_000 }).toBe(0);
  const keyed = (stripeApiKey: string | null) => engine.useSecrets({ ...noSecrets, stripeApiKey });

  it('sends what waits at once, and without one nothing is sent and everything is kept', async () => {
    await keyed(null);
    await minuteOfCalls('cus_a');
    await engine.syncNow();
    expect(await engine.stripe()).toMatchObject({ state: 'off', mode: 'off', waitingEvents: 1 });
    expect(stripe.events()).toEqual([]);

    await keyed('sk_test_other');
    await nothingWaits();
    expect(stripe.events().length).toBe(1);
    expect(await engine.stripe()).toMatchObject({ state: 'ok', mode: 'test' });
    await expectAgreement();
  });

  it('takes the place of one that Stripe refuses, without waiting for the backoff', async () => {
    await keyed('no key of Stripe');
    await minuteOfCalls('cus_a', 'cus_b');
    await engine.syncNow();
    expect(await engine.stripe()).toMatchObject({ state: 'failing', waitingEvents: 2 });
    await keyed('sk_test_right');
    await nothingWaits();
    expect(stripe.events().length).toBe(2);
    await expectAgreement();
  });
});
