/**
 * Stripe answers with a limit of the whole account and asks for an hour's pause: nothing is sent before it is over, and everything else goes on. The
 * real agent with its own wakes over a real ledger and the real SDK; the clock is driven a second at a time.
 */
import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { EventAnswer } from '../../../main/ledger/record-answers.ts';
import type { DueEvent } from '../../../main/ledger/take-due.ts';
import { createAdjustments } from '../../../main/sync/adjustments.ts';
import { startSyncAgent, type AgentSide, type SyncAgent } from '../../../main/sync/agent.ts';
import type { StripeAnswer } from '../../../main/sync/decide.ts';
import { createDrain, type Tally } from '../../../main/sync/drain.ts';
import { createInvoiceItems } from '../../../main/sync/invoice-items.ts';
import { createPace } from '../../../main/sync/pace.ts';
import { createReadings } from '../../../main/sync/readings.ts';
import type { Road } from '../../../main/sync/roads.ts';
import { createStripeCancel } from '../../../main/sync/stripe-cancel.ts';
import { createStripeInvoices } from '../../../main/sync/stripe-invoices.ts';
import { createStripeReader } from '../../../main/sync/stripe-reader.ts';
import { createStripeMeter } from '../../../main/sync/stripe.ts';
import { askInProcess, openOutboxWorld, type OutboxWorld } from '../../kit/outbox-world.ts';
import { adjustmentStore, itemStore, outboxStore, readingStore } from '../../kit/world-stores.ts';

const minuteMs = 60_000;
const pauseMs = 3_600_000;
const sending = 'POST /v1/billing/meter_events';
const cancelling = 'POST /v1/billing/meter_event_adjustments';
type Request = { readonly what: string; readonly atMs: number };

let world: OutboxWorld;
let agent: SyncAgent;
let side: AgentSide;
let requests: Request[];
let changes: number;
let cycles: number;
/** Seconds that the next meter event is answered with, as a limit of the account. */
let retryAfter: number | null;

beforeEach(() => {
  world = openOutboxWorld({ customers: ['cus_a', 'cus_b', 'cus_c'] });
  requests = [];
  changes = 0;
  cycles = 0;
  retryAfter = null;
  side = openSide('sk_live_first');
  agent = startSyncAgent({
    outbox: outboxStore(world.db, () => {}),
    stripe: () => side,
    probe: () => Promise.resolve(true),
    clock: world.clock,
    fraction: () => 0.5,
    onChange: () => (changes += 1),
    onTrouble: (error) => {
      throw error;
    },
  });
});
afterEach(async () => {
  const closed = agent.close();
  world.clock.advance(minuteMs);
  await closed;
  expect(world.ledger.findings()).toEqual([]);
  world.close();
});

function openSide(apiKey: string): AgentSide {
  const { clock, db, stripe } = world;
  const through = askInProcess(stripe);
  const client = new Stripe(apiKey, {
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient((input: RequestInfo | URL, init: RequestInit = {}) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const what = `${init.method} ${url.pathname}`;
      requests.push({ what, atMs: clock.nowMs() });
      if (what !== sending || retryAfter === null) return through(url, init);
      const headers = { 'retry-after': String(retryAfter), 'stripe-rate-limited-reason': 'global-rate' };
      retryAfter = null;
      const error = { type: 'invalid_request_error', message: 'Too many requests' };
      return Promise.resolve(new Response(JSON.stringify({ error }), { status: 429, headers }));
    }),
  });
  const allow = () => Promise.resolve(true);
  const invoices = createStripeInvoices(client, allow, clock.nowMs);
  const reader = { ...createStripeReader(client, allow, clock.nowMs), ...invoices };
  const items = createInvoiceItems({ store: itemStore(db), stripe: reader, clock });
  const probe = () => Promise.resolve(true);
  const readings = createReadings({ store: readingStore(db), reader, items, probe, clock });
  const store = adjustmentStore(db, () => {});
  const pace = createPace({ perSecond: 25, underWayMax: 8 }, clock);
  return {
    roads: { single: { pace, batchMax: 1, send: createStripeMeter(client) }, stream: null },
    adjustments: createAdjustments({ store, stripe: createStripeCancel(client), clock, fraction: () => 0.5 }),
    readings: {
      ...readings,
      prepare: (isStopped) => {
        cycles += 1;
        return readings.prepare(isStopped);
      },
    },
  };
}

/** Lets what is under way come about. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise(setImmediate);
}

async function pass(ms: number): Promise<void> {
  await settle();
  for (let passed = 0; passed < ms; passed += 1_000) {
    world.clock.advance(1_000);
    await settle();
  }
}

const sent = () => requests.filter(({ what }) => what === sending);
const states = () => world.events().map(({ customer, state }) => `${customer} ${state}`);

/** A delivered event of cus_a and one of cus_b that Stripe answers with a pause; gives back the first's call and when the pause is over. */
async function pauseBegun(): Promise<{ readonly delivered: string; readonly endMs: number }> {
  const delivered = world.call({ customer: 'cus_a' });
  await pass(3 * minuteMs);
  world.call({ customer: 'cus_b' });
  retryAfter = pauseMs / 1_000;
  await pass(3 * minuteMs);
  expect(states()).toEqual(['cus_a accepted', 'cus_b sealed']);
  return { delivered, endMs: (sent().at(-1)?.atMs ?? 0) + pauseMs };
}

describe('while Stripe asks for an hour’s pause', () => {
  it('nothing is sent before it is over, and what waits leaves soon after', async () => {
    const { endMs } = await pauseBegun();
    world.call({ customer: 'cus_c' });
    const before = sent().length;
    const cyclesBefore = cycles;
    await pass(endMs - 1_000 - world.clock.nowMs());
    expect(sent()).toHaveLength(before);
    // Its ordinary wakes, and not one after another.
    expect(cycles - cyclesBefore).toBeLessThan(1_900);
    await pass(20_000);
    expect(sent()).toHaveLength(before + 2);
    for (const { atMs } of sent().slice(before)) expect(atMs).toBeGreaterThanOrEqual(endMs);
    expect(sent()[before]?.atMs).toBeLessThanOrEqual(endMs + 3_000);
    expect(agent.status().state).toBe('ok');
    expect(states()).toEqual(['cus_a accepted', 'cus_b accepted', 'cus_c accepted']);
  });

  it('each minute is sealed as it closes and told, Stripe is read, and what was corrected is cancelled', async () => {
    const { delivered } = await pauseBegun();
    const before = requests.length;
    world.correct(delivered, { output: 500 });
    for (let minute = 1; minute <= 5; minute++) {
      world.call({ customer: 'cus_c' });
      const changesBefore = changes;
      await pass(minuteMs);
      const sealed = states().filter((of) => of === 'cus_c sealed').length;
      expect(sealed).toBeGreaterThanOrEqual(minute - 1);
      if (minute > 1) expect(changes).toBeGreaterThan(changesBefore);
    }
    const since = requests.slice(before).map(({ what }) => what);
    expect(since).toContain(cancelling);
    expect(since).toContain('GET /v1/subscriptions');
    expect(since).not.toContain(sending);
  });

  it('a person who syncs is told at once why it waits, and until when', async () => {
    const { endMs } = await pauseBegun();
    await pass(minuteMs);
    let told: string | null = null;
    void agent.syncNow().then(({ sentence }) => (told = sentence));
    await settle();
    expect(requests.at(-1)?.what).toBe('GET /v2/core/events');
    const until = new Date(Math.ceil(endMs / minuteMs) * minuteMs).toISOString().slice(0, 16).replace('T', ' ');
    const sentence = `Stripe asks for a pause until ${until} UTC.`;
    expect(told).toBe(`0 meter events delivered, 1 wait. ${sentence}`);
    expect(agent.status()).toMatchObject({ state: 'failing', sinceMs: endMs - pauseMs, lastAnswer: { sentence } });
  });

  it('it closes at once', async () => {
    await pauseBegun();
    let isClosed = false;
    void agent.close().then(() => (isClosed = true));
    await settle();
    expect(isClosed).toBe(true);
  });

  it('another key is used from then on', async () => {
    await pauseBegun();
    side = openSide('sk_live_second');
    agent.renew();
    await pass(3_000);
    expect(states()).toEqual(['cus_a accepted', 'cus_b accepted']);
    expect(agent.status().state).toBe('ok');
  });
});

describe('a run of the drain in a long pause', () => {
  const due = (customer: string, wasUnknown: boolean): DueEvent => {
    const firstSentAtMs = wasUnknown ? world.clock.nowMs() : null;
    const event = { id: customer, identifier: customer, customer, meter: 'm', minuteMs: 0, value: 1, attempts: 1 };
    return { ...event, wasUnknown, firstSentAtMs };
  };
  const paused = { kind: 'rate_limited', reason: 'global-rate', retryAfterMs: pauseMs, of: 'rate' } as const;

  function drainOf(events: readonly DueEvent[]) {
    const waiting = [...events];
    const written: EventAnswer[] = [];
    let seals = 0;
    const drain = createDrain({
      outbox: {
        seal: () => {
          seals += 1;
          return Promise.resolve(0);
        },
        turn: ({ limit, answers }) => {
          written.push(...answers);
          return Promise.resolve(waiting.splice(0, limit));
        },
      },
      clock: world.clock,
      fraction: () => 0.5,
      onAnswer: () => {},
      onProgress: () => {},
    });
    return { drain, written, seals: () => seals };
  }
  const roadOf = (send: Road['send'], batchMax = 1): Road => ({
    pace: createPace({ perSecond: 1_000, underWayMax: 8 }, world.clock),
    batchMax,
    send,
  });

  it('seals while an answer is slow, and ends with it', async () => {
    const { drain, written, seals } = drainOf([due('cus_a', false), due('cus_b', false)]);
    const slow = Promise.withResolvers<StripeAnswer>();
    const single = roadOf(([event]) => (event?.customer === 'cus_a' ? slow.promise : Promise.resolve(paused)));
    let tally: Tally | null = null;
    void drain.run({ single, stream: null }, () => false).then((told) => (tally = told));
    await pass(50_000);
    expect({ tally, seals: seals() }).toEqual({ tally: null, seals: expect.closeTo(26, -1) as number });
    slow.resolve({ kind: 'accepted' });
    await pass(1_000);
    expect(tally).toEqual({ sent: 2, accepted: 1, mayBeMore: false });
    expect(written.map(({ id, state }) => `${id} ${state}`)).toEqual(['cus_b sealed', 'cus_a accepted']);
  });

  it('gives back what waits for the other road, until the pause is over', async () => {
    const { drain, written } = drainOf([due('cus_a', true), due('cus_b', false)]);
    let alone = 0;
    const single = roadOf(() => Promise.resolve((alone += 1)).then(() => ({ kind: 'duplicate' })));
    const stream = roadOf(() => Promise.resolve({ kind: 'accepted' }), 100);
    single.pace.note(paused);
    const endMs = world.clock.nowMs() + pauseMs;
    let tally: Tally | null = null;
    void drain.run({ single, stream }, () => false).then((told) => (tally = told));
    await pass(2_000);
    expect({ tally, alone }).toEqual({ tally: { sent: 2, accepted: 1, mayBeMore: false }, alone: 0 });
    const [, given] = written.toSorted((a, b) => b.id.localeCompare(a.id));
    expect(given).toMatchObject({ id: 'cus_a', state: 'unknown' });
    expect(given?.nextAttemptAtMs).toBeGreaterThanOrEqual(endMs);
    expect(given?.sentence).toContain('Stripe asks for a pause until 2026-11-02 01:00 UTC.');
  });
});

describe('a pause of a few seconds', () => {
  it('is waited for, and what waits leaves after it', async () => {
    world.call({ customer: 'cus_a' });
    world.call({ customer: 'cus_a', startedAtMs: world.clock.nowMs() + minuteMs });
    retryAfter = 3;
    await pass(3 * minuteMs);
    const [first, second] = sent();
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(3_000);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeLessThanOrEqual(6_000);
    expect(states()).toEqual(['cus_a accepted', 'cus_a accepted']);
  });
});
