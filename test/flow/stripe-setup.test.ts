/** Setting a Stripe account up: first, again, cut in the middle, with a key that may not everything, and beside things that are in the way. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { noSecrets } from '../../shared/contract/secrets.ts';
import {
  setupResultSchema,
  setupViewSchema,
  type SetupResult,
  type SetupView,
} from '../../shared/contract/stripe-setup.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

const meter = 'tollkeeper_cost_micro_usd';
const clock = createShiftedClock();
let upstream: Upstream;
let stripe: SandboxStripe;
let engine: TestEngine;
/** Usage of the next answers; null: Anthropic fails. */
let answer: object | null = null;

const startEngine = (settings = {}) =>
  startTestEngine({ upstream: upstream.url, stripeApiBase: stripe.url, clock, settings });

beforeEach(async () => {
  answer = null;
  upstream = await startUpstream((_request, response) => {
    if (answer === null) return void response.writeHead(500).end();
    const message = {
      id: `msg_${Date.now()}`,
      type: 'message',
      model: 'claude-sonnet-5-5',
      stop_reason: 'end_turn',
      usage: answer,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 1_000 } });
  engine = await startEngine();
});

afterEach(async () => {
  await engine.close();
  await stripe.close();
  await upstream.close();
});

async function view(): Promise<SetupView> {
  const answer = await engine.ask('GET', '/api/stripe/setup');
  if (!answer.ok) throw new Error(await answer.text());
  return setupViewSchema.parse(await answer.json());
}

async function apply(): Promise<SetupResult> {
  return setupResultSchema.parse(await engine.post('/api/stripe/setup', { revision: (await view()).revision }));
}

const actions = ({ steps }: SetupView) => steps.map(({ what, action }) => `${what} ${action}`);
const outcomes = ({ steps }: SetupResult) => steps.map(({ what, outcome }) => `${what} ${outcome}`);

async function keyed(stripeApiKey: string | null): Promise<void> {
  await engine.useSecrets({ ...noSecrets, stripeApiKey });
}

describe('a set-up', () => {
  it('shows what it will do before it does it, and changes nothing by showing', async () => {
    expect(actions(await view())).toEqual(['meter create_meter', 'product create_product', 'price create_price']);
    expect(await view()).toMatchObject({ mode: 'test', accountId: 'acct_sandbox', toDo: 3, toDecide: 0 });
    expect(stripe.state.meters.size + stripe.state.products.size + stripe.state.prices.size).toBe(0);
  });

  it('makes a meter whose unit bills one micro-dollar', async () => {
    const result = await apply();
    expect(outcomes(result)).toEqual(['meter done', 'product done', 'price done']);
    expect(result).toMatchObject({ isComplete: true, sentence: '3 steps done, 0 steps there already.' });
    const [made] = stripe.state.meters.values();
    expect(made).toMatchObject({
      eventName: meter,
      formula: 'sum',
      customerKey: 'stripe_customer_id',
      valueKey: 'value',
    });
    const [price] = stripe.state.prices.values();
    // 10,000 micro-dollars are a cent.
    expect(price).toMatchObject({
      unitAmountDecimal: '0.0001',
      currency: 'usd',
      usageType: 'metered',
      interval: 'month',
    });
    expect(price?.meter).toBe(made?.id);
    expect(price?.lookupKey).toBe(`${meter}_monthly`);
  });

  it('finds everything when it is repeated, and does nothing', async () => {
    await apply();
    const before = JSON.stringify([...stripe.state.meters, ...stripe.state.products, ...stripe.state.prices]);
    expect(await view()).toMatchObject({ toDo: 0, toDecide: 0 });
    const again = await apply();
    expect(outcomes(again)).toEqual(['meter found', 'product found', 'price found']);
    expect(again).toMatchObject({ isComplete: true, sentence: 'Nothing was to be done: everything is there.' });
    expect(JSON.stringify([...stripe.state.meters, ...stripe.state.products, ...stripe.state.prices])).toBe(before);
  });

  it.each([
    [1, ['meter failed', 'product done', 'price skipped']],
    [2, ['meter done', 'product failed', 'price skipped']],
    [3, ['meter done', 'product done', 'price failed']],
  ] as const)('that fails at write %i is finished by the next', async (at, expected) => {
    for (let write = 1; write <= at; write++)
      stripe.breakNextWrite(write === at ? 'error_500' : { kind: 'cut_answer', bytes: 1_000_000 });
    const first = await apply();
    expect(outcomes(first)).toEqual(expected);
    expect(first.isComplete).toBe(false);
    expect(first.steps.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      sentence: expect.stringContaining('Stripe does not answer now') as string,
      remedy: 'Try again in a moment.',
    });
    expect((await apply()).isComplete).toBe(true);
    expectOneOfEach();
  });

  it.each([1, 2, 3])('whose answer is lost at write %i makes nothing twice', async (at) => {
    for (let write = 1; write <= at; write++)
      stripe.breakNextWrite(write === at ? 'lose_answer' : { kind: 'cut_answer', bytes: 1_000_000 });
    expect((await apply()).isComplete).toBe(true);
    expectOneOfEach();
    expect(await view()).toMatchObject({ toDo: 0 });
  });

  it('activates what was archived', async () => {
    await apply();
    for (const one of [
      ...stripe.state.meters.values(),
      ...stripe.state.products.values(),
      ...stripe.state.prices.values(),
    ])
      one.isActive = false;
    expect(actions(await view())).toEqual([
      'meter reactivate_meter',
      'product reactivate_product',
      'price reactivate_price',
    ]);
    expect((await apply()).isComplete).toBe(true);
    expectOneOfEach();
    expect([...stripe.state.meters.values(), ...stripe.state.prices.values()].every(({ isActive }) => isActive)).toBe(
      true,
    );
  });

  it('does not do what was not shown', async () => {
    const { revision } = await view();
    await apply();
    const answer = await engine.ask('POST', '/api/stripe/setup', { revision });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ error: { code: 'changed_meanwhile' } });
  });
});

function expectOneOfEach(): void {
  expect(stripe.state.meters.size).toBe(1);
  expect(stripe.state.products.size).toBe(1);
  expect(stripe.state.prices.size).toBe(1);
}

describe('what stands in the way', () => {
  const other = { displayName: 'Other', customerKey: 'stripe_customer_id', valueKey: 'value', isActive: true };

  it.each([
    [{ formula: 'count' }, 'aggregates by count instead of sum'],
    [{ formula: 'last' }, 'aggregates by last instead of sum'],
    [{ customerKey: 'customer' }, 'finds the customer under customer instead of stripe_customer_id'],
    [{ valueKey: 'amount' }, 'finds the value under amount instead of value'],
    [{ timeWindow: 'hour' }, 'takes only the newest event of each hour'],
  ])('is told with what differs, and is not touched: %o', async (difference, words) => {
    stripe.state.meters.set('mtr_other', { id: 'mtr_other', eventName: meter, ...other, ...difference });
    const shown = await view();
    expect(shown.steps[0]).toMatchObject({
      action: 'conflict',
      id: 'mtr_other',
      remedy: expect.stringContaining('Archive that meter') as string,
    });
    expect(shown.steps[0]?.sentence).toContain(words);
    const result = await apply();
    expect(outcomes(result)).toEqual(['meter left', 'product done', 'price skipped']);
    expect(result.isComplete).toBe(false);
    expect(stripe.state.meters.get('mtr_other')).toMatchObject({ isActive: true, ...difference });
  });

  it('that is archived as well is left alone, and a meter of our own is made', async () => {
    stripe.state.meters.set('mtr_old', {
      id: 'mtr_old',
      eventName: meter,
      ...other,
      formula: 'count',
      isActive: false,
    });
    expect((await apply()).isComplete).toBe(true);
    expect(stripe.state.meters.size).toBe(2);
    expect(stripe.state.meters.get('mtr_old')?.isActive).toBe(false);
  });

  it('as a price of another meter is told', async () => {
    await apply();
    const [price] = stripe.state.prices.values();
    if (!price) throw new Error('a price is there');
    stripe.state.prices.set(price.id, { ...price, meter: 'mtr_else' });
    const shown = await view();
    expect(shown.steps[2]).toMatchObject({ action: 'conflict', id: price.id });
    expect(shown.steps[2]?.sentence).toContain('bills another meter (mtr_else)');
  });

  it('as a price of another amount is replaced, with what that means for subscriptions', async () => {
    await apply();
    const [price] = stripe.state.prices.values();
    if (!price) throw new Error('a price is there');
    stripe.state.prices.set(price.id, { ...price, unitAmountDecimal: '0.0002' });
    expect((await view()).steps[2]).toMatchObject({
      action: 'replace_price',
      sentence: expect.stringContaining('Subscriptions stay on the old one') as string,
    });
    expect((await apply()).isComplete).toBe(true);
    expect(
      [...stripe.state.prices.values()].map(({ unitAmountDecimal, lookupKey }) => [unitAmountDecimal, lookupKey]),
    ).toEqual([
      ['0.0002', null],
      ['0.0001', `${meter}_monthly`],
    ]);
    expect(await view()).toMatchObject({ toDo: 0 });
  });
});

describe('a restricted key', () => {
  const all = ['billing_meter_write', 'product_write', 'plan_write', 'connected_account_read'];

  it('that may all of it is enough', async () => {
    await stripe.setRules({ restrictedTo: all });
    await keyed('rk_test_enough');
    expect((await apply()).isComplete).toBe(true);
  });

  it.each([
    ['billing_meter_write', 'billing_meter_read', 'Meters: Write', ['meter failed', 'product done', 'price skipped']],
    ['product_write', 'product_read', 'Products: Write', ['meter done', 'product failed', 'price skipped']],
    ['plan_write', 'plan_read', 'Prices: Write', ['meter done', 'product done', 'price failed']],
  ] as const)(
    'without %s goes on with what it may, and is told which permission it lacks',
    async (lacking, has, words, expected) => {
      await stripe.setRules({ restrictedTo: [...all.filter((name) => name !== lacking), has] });
      await keyed('rk_test_short');
      const result = await apply();
      expect(outcomes(result)).toEqual(expected);
      const failed = result.steps.find(({ outcome }) => outcome === 'failed');
      expect(failed?.sentence).toBe(`The key lacks the permission “${words}” (rak_${lacking}).`);
      expect(failed?.remedy).toContain('Developers → API keys');
      await stripe.setRules({ restrictedTo: all });
      expect((await apply()).isComplete).toBe(true);
      expectOneOfEach();
    },
  );

  it.each([
    ['billing_meter_write', 'Meters: Read', ['meter unknown', 'product create_product', 'price create_price']],
    ['product_write', 'Products: Read', ['meter create_meter', 'product unknown', 'price create_price']],
    ['plan_write', 'Prices: Read', ['meter create_meter', 'product create_product', 'price unknown']],
  ] as const)(
    'that may not even read what %s covers is told so before anything is done',
    async (lacking, words, expected) => {
      await stripe.setRules({ restrictedTo: all.filter((name) => name !== lacking) });
      await keyed('rk_test_blind');
      const shown = await view();
      expect(actions(shown)).toEqual(expected);
      expect(shown.steps.find(({ action }) => action === 'unknown')?.sentence).toContain(words);
      expect((await apply()).isComplete).toBe(false);
      expect(stripe.state.prices.size).toBe(0);
    },
  );

  it('that may not read its account is known by what Stripe’s refusal names', async () => {
    await stripe.setRules({ restrictedTo: all.filter((name) => name !== 'connected_account_read') });
    await keyed('rk_test_nameless');
    expect(await view()).toMatchObject({ accountId: 'acct_sandbox' });
  });
});

describe('the plan that is in force', () => {
  it('decides which meters are made: those of each model that was used, with the price of the book', async () => {
    await apply();
    const { revision, inFile } = (await (await engine.get('/api/stripe/plan')).json()) as {
      revision: string;
      inFile: object;
    };
    await engine.ask('PUT', '/api/stripe/plan', { revision, plan: { ...inFile, kind: 'tokens-by-model' } });
    expect(await view()).toMatchObject({
      plan: 'tokens-by-model',
      steps: [],
      notes: [expect.stringContaining('No model has been used yet') as string],
    });
    await fetch(`${engine.proxyUrl}/v1/messages`, { method: 'POST', body: '{"model":"claude-sonnet-5-5"}' });
    await engine.settled(1);
    expect((await view()).steps).toEqual([]);

    answer = { input_tokens: 1_000, output_tokens: 7 };
    await fetch(`${engine.proxyUrl}/v1/messages`, { method: 'POST', body: '{}' }).then((told) => told.text());
    await engine.settled(2);
    expect((await view()).toDo).toBe(12);
    expect(await apply()).toMatchObject({ isComplete: true });
    const input = [...stripe.state.prices.values()].find(
      ({ lookupKey }) => lookupKey === 'tollkeeper_tokens_input_claude_sonnet_5_5_monthly',
    );
    expect(input?.unitAmountDecimal).toBe('0.0002');
    expect(await view()).toMatchObject({ toDo: 0 });
  });
});
