/**
 * Metering plans through the engine to the simulated Stripe: what its meters hold is what the ledger counted, to the unit, for each kind of plan; and a plan
 * that is changed while calls are made, with and without an engine.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { apiErrorSchema } from '../../shared/contract/api-error.ts';
import { planSchema, type Plan } from '../../shared/contract/plan.ts';
import { planViewSchema, type PlanView } from '../../shared/contract/plan-view.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { dataOf } from '../../shared/pricing/price-book.ts';
import { meteredClasses, metersOf } from '../../shared/plan-meters.ts';
import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { createShiftedClock, startTestEngine, type ShiftedClock, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

const minuteMs = 60_000;
const customers = ['cus_a', 'cus_b'];
const opus = 'claude-opus-5-5';
const haiku = 'claude-haiku-5-5';
/** In no price book. */
const unknown = 'claude-next-7';

type Told = { readonly model: string; readonly usage: object };

const cached: Told = {
  model: opus,
  usage: {
    input_tokens: 11,
    output_tokens: 23,
    cache_read_input_tokens: 1_013,
    cache_creation_input_tokens: 700,
    cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 200 },
    server_tool_use: { web_search_requests: 2 },
  },
};
const passes: Told = {
  model: opus,
  usage: {
    input_tokens: 40,
    output_tokens: 9,
    iterations: [
      { type: 'message', model: opus, input_tokens: 40, output_tokens: 9 },
      { type: 'advisor_message', model: haiku, input_tokens: 300, output_tokens: 60 },
    ],
  },
};
/** The first pass was declined before any output: it is listed and not billed. */
const declined: Told = {
  model: haiku,
  usage: {
    input_tokens: 50,
    output_tokens: 5,
    iterations: [
      { type: 'message', model: opus, input_tokens: 50, output_tokens: 0 },
      { type: 'fallback_message', model: haiku, input_tokens: 50, output_tokens: 5 },
    ],
  },
};
const unpriced: Told = { model: unknown, usage: { input_tokens: 77, output_tokens: 8 } };

let clock: ShiftedClock;
let upstream: Upstream;
let stripe: SandboxStripe;
let engine: TestEngine;
let next: Told = cached;
let calls = 0;

beforeEach(async () => {
  calls = 0;
  clock = createShiftedClock();
  // The middle of a minute: a change is in force with the next one, and a test's calls before it stand in this one.
  clock.putAhead(minuteMs * 1.5 - (clock.nowMs() % minuteMs));
  upstream = await startUpstream((_request, response) => {
    const message = { id: `msg_${(calls += 1)}_${Date.now()}`, type: 'message', stop_reason: 'end_turn', ...next };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 10_000 } });
});

afterEach(async () => {
  await engine.close();
  await stripe.close();
  await upstream.close();
});

async function start(plan: object, more: object = {}): Promise<void> {
  engine = await startTestEngine({
    upstream: upstream.url,
    stripeApiBase: stripe.url,
    clock,
    settings: { plan: planSchema.parse(plan), ...more },
  });
  seedMeters(planSchema.parse(plan));
}

function seedMeters(plan: Plan): void {
  for (const { eventName } of metersOf(plan, [opus, haiku, unknown])) stripe.seed({ eventName, customers });
}

async function call(told: Told, customer = 'cus_a'): Promise<void> {
  next = told;
  const before = engine.exported().length;
  const headers = { 'x-tollkeeper-customer': customer };
  await (await fetch(`${engine.proxyUrl}/v1/messages`, { method: 'POST', headers, body: '{}' })).text();
  await engine.settled(before + 1);
}

async function send(): Promise<void> {
  clock.putAhead(2 * minuteMs);
  await engine.syncNow();
  expect(await engine.stripe()).toMatchObject({ waitingEvents: 0, rejectedEvents: 0 });
}

/** What Stripe counts, by meter; those with nothing are left out. */
function held(customer: string, plan: Plan): Record<string, number> {
  const sums = metersOf(plan, [opus, haiku, unknown]).map(
    ({ eventName }) => [eventName, Number(stripe.meterSum(customer, eventName))] as const,
  );
  return Object.fromEntries(sums.filter(([, sum]) => sum > 0));
}

const planPath = '/api/stripe/plan';
const view = async (): Promise<PlanView> => planViewSchema.parse(await (await engine.get(planPath)).json());
async function change(plan: object): Promise<PlanView> {
  const { inFile, revision } = await view();
  const answer = await engine.ask('PUT', planPath, { revision, plan: { ...inFile, ...plan } });
  expect(answer.status).toBe(200);
  return planViewSchema.parse(await answer.json());
}

const tokensPlan = planSchema.parse({ kind: 'tokens' });
const byModelPlan = planSchema.parse({ kind: 'tokens-by-model' });

describe('plan tokens', () => {
  it('tells Stripe the tokens of each class, of every billed pass, priced or not, and what they are worth beside them', async () => {
    await start({ kind: 'tokens', markupPercent: 20 });
    for (const told of [cached, passes, declined, unpriced]) await call(told);
    await call(cached, 'cus_b');
    await send();

    expect(held('cus_a', tokensPlan)).toEqual({
      tollkeeper_tokens_input: 11 + 40 + 300 + 50 + 77,
      tollkeeper_tokens_output: 23 + 9 + 60 + 5 + 8,
      tollkeeper_tokens_cache_write_5m: 500,
      tollkeeper_tokens_cache_write_1h: 200,
      tollkeeper_tokens_cache_read: 1_013,
      tollkeeper_tokens_web_search: 2,
    });
    expectLedgerTokens();
    const stripeView = await engine.stripe();
    const cost = engine.exported().reduce((sum, { cost_nano_usd: nano }) => sum + (nano ?? 0), 0);
    // Worth is money; no token is in it. Rounded once a call and once for its markup.
    expect(Math.abs(stripeView.acceptedNanoUsd - cost * 1.2)).toBeLessThanOrEqual(4);
    expect(stripeView.acceptedQuantities).toMatchObject({ requests: 4, unpricedEvents: 2 });
    expect(stripeView.unpriced.calls).toBe(0);
    expect(stripeView.events.every(({ unit }) => unit !== 'micro_usd')).toBe(true);
    expect(engine.verify().findings).toEqual([]);
  });

  it.each(['tokens', 'tokens-by-model'])(
    'under %s tells Stripe nothing again when calls get a price later, and shows what they are worth then',
    async (kind) => {
      await start({ kind });
      await call(unpriced);
      await send();
      const events = stripe.events().length;
      expect((await engine.stripe()).acceptedNanoUsd).toBe(0);

      // The book has the model under another name, too.
      const [model] = currentBook.models;
      const added = { ...model, id: 'claude-next-7-final', aliases: [unknown] };
      const book = { ...dataOf(currentBook), version: 'own-1', models: [...currentBook.models, added] };
      await engine.post('/api/prices/apply', { book });
      expect(await engine.post('/api/prices/rerate', {})).toMatchObject({ changed: 1, newlyPriced: 1 });
      await send();
      const cost = engine.exported()[0]?.cost_nano_usd ?? 0;
      expect(cost).toBeGreaterThan(0);
      expect(stripe.events()).toHaveLength(events);
      expect(await engine.stripe()).toMatchObject({
        acceptedNanoUsd: cost,
        acceptedQuantities: { unpricedEvents: 0 },
        differences: { calls: 0 },
      });
      expect(engine.verify().findings).toEqual([]);
    },
  );
});

describe('plan tokens-by-model', () => {
  it('counts each pass at its own model, and a model that nobody knows as itself', async () => {
    await start({ kind: 'tokens-by-model' });
    for (const told of [cached, passes, declined, unpriced]) await call(told);
    await send();

    const name = (tokenClass: string, model: string) => `tollkeeper_tokens_${tokenClass}_${model.replaceAll('-', '_')}`;
    expect(held('cus_a', byModelPlan)).toEqual({
      [name('input', opus)]: 11 + 40,
      [name('output', opus)]: 23 + 9,
      [name('cache_write_5m', opus)]: 500,
      [name('cache_write_1h', opus)]: 200,
      [name('cache_read', opus)]: 1_013,
      [name('web_search', opus)]: 2,
      [name('input', haiku)]: 300 + 50,
      [name('output', haiku)]: 60 + 5,
      [name('input', unknown)]: 77,
      [name('output', unknown)]: 8,
    });
    expect((await view()).models).toEqual([haiku, opus, unknown].toSorted());
    expect(engine.verify().findings).toEqual([]);
  });
});

describe('plan cost', () => {
  it('adds the markup of the customer, else the one for all', async () => {
    await start({ kind: 'cost', markupPercent: 20, customerMarkupPercent: { cus_b: 12.5 } });
    await call(cached, 'cus_a');
    await call(cached, 'cus_b');
    await send();
    const [cost = 0] = engine.exported().map(({ cost_nano_usd: nano }) => nano ?? 0);
    const sums = customers.map((customer) => Number(stripe.meterSum(customer, 'tollkeeper_cost_micro_usd')));
    expect(sums).toEqual([Math.floor((cost * 1.2) / 1_000), Math.floor((cost * 1.125) / 1_000)]);
  });
});

describe('a plan that is changed', () => {
  it('holds for calls that start in the next minute; what was counted before keeps its meter, sealed or not', async () => {
    await start({ kind: 'cost' });
    seedMeters(tokensPlan);
    await call(cached);
    const changed = await change({ kind: 'tokens' });
    expect(changed.inForce).toMatchObject({ fromMs: 0, plan: { kind: 'cost' } });
    expect(changed.next).toMatchObject({ plan: { kind: 'tokens' } });
    const { fromMs = 0 } = changed.next ?? {};
    expect(fromMs % minuteMs).toBe(0);
    expect(fromMs - clock.nowMs()).toBeGreaterThan(0);
    expect(fromMs - clock.nowMs()).toBeLessThanOrEqual(minuteMs);
    // Still in the minute of the old plan.
    await call(cached);
    clock.putAhead(fromMs - clock.nowMs() + 1_000);
    await call(unpriced);
    await send();

    const [one = 0, two = 0] = engine.exported().map(({ cost_nano_usd: nano }) => nano ?? 0);
    expect(Number(stripe.meterSum('cus_a', 'tollkeeper_cost_micro_usd'))).toBe(Math.floor((one + two) / 1_000));
    expect(held('cus_a', tokensPlan)).toEqual({ tollkeeper_tokens_input: 77, tollkeeper_tokens_output: 8 });
    expect(await engine.stripe()).toMatchObject({ plan: { plan: { kind: 'tokens' }, fromMs }, nextPlan: null });
    await engine.restart();
    expect(await view()).toMatchObject({ inForce: { fromMs }, next: null, plans: [{ fromMs: 0 }, { fromMs }] });
    expect(engine.verify().findings).toEqual([]);
  });

  it('counts a call that is released later under the plan of its own minute', async () => {
    await start({ kind: 'tokens' }, { customers: { projects: { newshop: 'cus_a' } } });
    const costPlan = planSchema.parse({ kind: 'cost' });
    seedMeters(costPlan);
    next = cached;
    await (await fetch(`${engine.proxyUrl}/@alice/webshop/v1/messages`, { method: 'POST', body: '{}' })).text();
    const [row] = await engine.settled(1);
    const { next: to } = await change({ kind: 'cost' });
    clock.putAhead((to?.fromMs ?? 0) - clock.nowMs() + 1_000);
    await call(cached, 'cus_b');
    await send();
    expect(held('cus_a', tokensPlan)).toEqual({});

    const which = { kind: 'call', id: row?.id };
    expect(await engine.post('/api/assign', { which, member: 'alice', project: 'newshop' })).toMatchObject({
      assigned: 1,
    });
    await send();
    expect(held('cus_a', tokensPlan)).toMatchObject({
      tollkeeper_tokens_input: 11,
      tollkeeper_tokens_cache_read: 1_013,
    });
    expect(held('cus_a', costPlan)).toEqual({});
    expect(held('cus_b', tokensPlan)).toEqual({});
    expect(Object.keys(held('cus_b', costPlan))).toEqual(['tollkeeper_cost_micro_usd']);
    expect(engine.verify().findings).toEqual([]);
  });

  it('is taken from the file that is edited by hand, and from one that was edited while nothing ran', async () => {
    await start({ kind: 'cost' });
    seedMeters(tokensPlan);
    writeSettings((settings) => ({ ...settings, plan: { kind: 'tokens' } }));
    await expect.poll(async () => (await view()).next?.plan.kind, { timeout: 8_000 }).toBe('tokens');
    clock.putAhead(minuteMs);
    await call(unpriced);
    await engine.stop();
    writeSettings((settings) => ({ ...settings, plan: { kind: 'cost', markupPercent: 50 } }));
    await engine.start();
    expect((await view()).next?.plan).toMatchObject({ kind: 'cost', markupPercent: 50 });
    clock.putAhead(minuteMs);
    await call(cached);
    await send();
    expect(held('cus_a', tokensPlan)).toEqual({ tollkeeper_tokens_input: 77, tollkeeper_tokens_output: 8 });
    const cost = engine.exported().at(-1)?.cost_nano_usd ?? 0;
    expect(Number(stripe.meterSum('cus_a', 'tollkeeper_cost_micro_usd'))).toBe(Math.floor((cost * 1.5) / 1_000));
    expect(engine.verify().findings).toEqual([]);
  });

  it('that has not begun can be changed again or taken back', async () => {
    await start({ kind: 'cost' });
    await change({ kind: 'tokens' });
    expect((await change({ kind: 'tokens-by-model' })).next?.plan.kind).toBe('tokens-by-model');
    expect(await change({ kind: 'cost' })).toMatchObject({
      next: null,
      plans: [{ fromMs: 0, plan: { kind: 'cost' } }],
    });
  });

  it('is refused with what is wrong and what to do, and the old one stays', async () => {
    await start({ kind: 'cost', eventName: 'ours_input' });
    const { inFile, revision } = await view();
    const refused = async (plan: object, of: string | null = revision) => {
      const answer = await engine.ask('PUT', planPath, { revision: of, plan });
      return { status: answer.status, ...apiErrorSchema.parse(await answer.json()).error };
    };
    expect(await refused({ ...inFile, markupPercent: 12.345 })).toMatchObject({
      status: 400,
      fields: [{ path: ['markupPercent'], remedy: expect.stringContaining('12.5') as string }],
    });
    expect(await refused({ kind: 'tokens' })).toMatchObject({ status: 400, code: 'bad_usage' });
    // The meter of the old plan would count two units.
    expect(await refused({ ...inFile, kind: 'tokens', eventName: 'other', eventPrefix: 'ours' })).toMatchObject({
      status: 400,
      message: expect.stringContaining('has counted another unit') as string,
    });
    expect(await refused({ ...inFile, kind: 'tokens' }, 'another revision')).toMatchObject({ status: 409 });
    writeSettings((settings) => ({ ...settings, plan: { kind: 'bitcoin' } }));
    await expect.poll(async () => (await view()).trouble, { timeout: 8_000 }).not.toBeNull();
    expect(await view()).toMatchObject({
      inFile: null,
      revision: null,
      inForce: { plan: { kind: 'cost' } },
      next: null,
    });
  });
});

function writeSettings(edit: (settings: object) => object): void {
  const file = join(engine.home, 'settings.json');
  writeFileSync(file, JSON.stringify(edit(JSON.parse(readFileSync(file, 'utf8')) as object)));
}

/** Stripe's meters of all customers against the ledger's own columns. */
function expectLedgerTokens(): void {
  const columns = {
    input: 'input_tokens',
    output: 'output_tokens',
    cache_write_5m: 'cache_write_5m_tokens',
    cache_write_1h: 'cache_write_1h_tokens',
    cache_read: 'cache_read_tokens',
    web_search: 'web_search_requests',
  } as const;
  for (const tokenClass of meteredClasses) {
    const inStripe = customers.reduce(
      (sum, customer) => sum + Number(stripe.meterSum(customer, `tollkeeper_tokens_${tokenClass}`)),
      0,
    );
    expect(inStripe).toBe(engine.exported().reduce((sum, row) => sum + row[columns[tokenClass]], 0));
  }
}
