/** A customer that Stripe does not know: named by a call, or mapped unseen. Its events come back, and its calls are billed to another. API and command line. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { mappingViewSchema, releaseAnswerSchema } from '../../shared/contract/stripe-customers.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startMessagesUpstream } from '../kit/messages-upstream.ts';
import type { Upstream } from '../kit/upstream.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const meter = 'tollkeeper_cost_micro_usd';
const minuteMs = 60_000;
/** 1,000 × $2/M + 7 × $10/M. */
const nanoPerCall = 2_070_000;
const which = { kind: 'customer', customer: 'cus_wrong' };
let clock: ReturnType<typeof createShiftedClock>;
let upstream: Upstream;
let stripe: SandboxStripe;
let home: string;
let engine: TestEngine;

beforeEach(async () => {
  clock = createShiftedClock();
  upstream = await startMessagesUpstream({ input_tokens: 1_000, output_tokens: 7 });
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 1_000 } });
  stripe.seed({ eventName: meter, customers: ['cus_a', 'cus_alpine'] });
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-unknown-'));
  engine = await startTestEngine({ upstream: upstream.url, stripeApiBase: stripe.url, clock, home });
});

afterEach(async () => {
  await engine.close();
  await stripe.close();
  await upstream.close();
  rmSync(home, { recursive: true, force: true });
});

async function calls(path: string, customer: string | null, count: number): Promise<void> {
  const before = engine.exported().length;
  const headers: Record<string, string> = customer === null ? {} : { 'x-tollkeeper-customer': customer };
  for (let one = 0; one < count; one++)
    await fetch(`${engine.proxyUrl}${path}/v1/messages`, { method: 'POST', body: '{}', headers }).then((answer) =>
      answer.text(),
    );
  await engine.settled(before + count);
}

/** Sends what waits, and reads the reports of it. */
async function sendAndRead(): Promise<void> {
  clock.putAhead(2 * minuteMs);
  await engine.syncNow();
  clock.putAhead(60 * minuteMs);
  await engine.syncNow();
}

const mapping = async () => mappingViewSchema.parse(await (await engine.get('/api/stripe/mapping')).json());
const release = async (body: object) => releaseAnswerSchema.parse(await engine.post('/api/stripe/release', body));

async function refusal(body: object): Promise<unknown> {
  const answer = await engine.ask('POST', '/api/stripe/release', body);
  return [answer.status, ((await answer.json()) as { error: { message: string } }).error.message];
}

describe('calls of a customer that Stripe does not know', () => {
  it('wait visibly once Stripe said so, and are billed once to the one they are released to', async () => {
    await calls('/@alice/webshop', 'cus_wrong', 2);
    await calls('/@bo', 'cus_wrong', 1);
    await calls('/@bo', 'cus_a', 1);
    expect((await mapping()).unmapped).toEqual([]);
    await sendAndRead();
    const [event] = (await engine.stripe()).events;
    expect(event).toMatchObject({
      state: 'rejected',
      lastAnswer: expect.stringContaining('`tollkeeper stripe release customer`') as string,
    });
    expect((await mapping()).unmapped).toMatchObject([
      { unknownCustomer: 'cus_wrong', project: null, member: null, calls: 3, costNanoUsd: 3 * nanoPerCall },
    ]);
    const told = await release({ which, customer: 'cus_alpine', isTrial: true });
    expect(told).toMatchObject({ calls: 3, costNanoUsd: 3 * nanoPerCall, uncertain: { calls: 0 } });
    expect(engine.exported().some(({ customer }) => customer === 'cus_alpine')).toBe(false);

    const wrongEvents = () => stripe.events().filter(({ customer }) => customer === 'cus_wrong').length;
    const before = wrongEvents();
    await release({ which, customer: 'cus_alpine' });
    expect(await release({ which, customer: 'cus_a' })).toMatchObject({ calls: 0, costNanoUsd: 0 });
    await sendAndRead();
    expect(stripe.meterSum('cus_alpine', meter)).toBe(BigInt((3 * nanoPerCall) / 1_000));
    expect(stripe.meterSum('cus_a', meter)).toBe(BigInt(nanoPerCall / 1_000));
    expect(wrongEvents()).toBe(before);
    expect((await mapping()).unmapped).toEqual([]);
    const view = await engine.stripe();
    expect(view.carryForwards).toEqual([]);
    expect(view.events.filter(({ customer }) => customer === 'cus_wrong').map(({ state }) => state)).toEqual([
      'withdrawn',
    ]);
    expect(engine.verify().findings).toEqual([]);
    const [first] = engine.exported();
    expect((await engine.call(first?.id ?? '')).correctionReason).toBe(
      'Released to cus_alpine; Stripe does not know cus_wrong.',
    );
  });

  it('are released from what waits for an item, which Stripe makes for no customer that it does not know', async () => {
    await calls('/@alice/webshop', 'cus_wrong', 8);
    clock.putAhead(2 * minuteMs);
    await stripe.setRules({ isOffline: true });
    await engine.syncNow();
    const [event] = (await engine.stripe()).events;
    await engine.post(`/api/stripe/events/${encodeURIComponent(event?.id ?? '')}/set-aside`, {});
    await stripe.setRules({ isOffline: false });
    const proposed = (await engine.stripe()).carryForwards[0];
    expect(proposed).toMatchObject({ customer: 'cus_wrong', calls: 8 });
    const item = await engine.post('/api/stripe/carry-forwards/cus_wrong/item', { nanoUsd: proposed?.nanoUsd });
    expect(item).toMatchObject({
      kind: 'not_created',
      sentence: expect.stringMatching(/No such customer.*release its calls to that one/s) as string,
    });
    await release({ which, customer: 'cus_alpine' });
    await sendAndRead();
    expect(stripe.meterSum('cus_alpine', meter)).toBe(BigInt((8 * nanoPerCall) / 1_000));
    expect((await engine.stripe()).carryForwards).toEqual([]);
    expect(engine.verify().findings).toEqual([]);
  });

  it('go to no customer that Stripe does not know either, and stay with one that it knows', async () => {
    stripe.breakNextWrite({ kind: 'reject_later', code: 'meter_event_customer_not_found' });
    await calls('/@bo', 'cus_a', 1);
    await sendAndRead();
    await calls('/@bo', 'cus_wrong', 1);
    await sendAndRead();
    expect(await refusal({ which, customer: 'cus_wrong' })).toEqual([
      400,
      'These calls are billed to cus_wrong already, and Stripe does not know it.',
    ]);
    expect(await refusal({ which, customer: 'cus_nobody' })).toEqual([
      404,
      'The test account acct_sandbox has no customer cus_nobody.',
    ]);
    expect(await refusal({ which })).toEqual([400, 'These calls are mapped to no customer, and none was named.']);
    expect(await refusal({ which: { kind: 'customer', customer: 'cus_a' }, customer: 'cus_alpine' })).toEqual([
      400,
      'Stripe knows the customer cus_a, so its calls stay with it.',
    ]);
    expect(engine.exported().map(({ customer }) => customer)).toEqual(['cus_a', 'cus_wrong']);
  });
});

type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

function run(...args: string[]): Promise<Ran> {
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    TZ: 'UTC',
    STRIPE_API_KEY: 'sk_test_cli',
    TOLLKEEPER_STRIPE_API_BASE: stripe.url,
  };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, 'stripe', ...args, '--home', home], { env });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

describe('the commands', () => {
  it('release them after showing what that does, and say what is still mapped to that customer', async () => {
    stripe.state.customers.set('cus_wrong', { id: 'cus_wrong', name: 'Gone', isDeleted: true });
    await engine.ask('PUT', '/api/stripe/mapping', {
      kind: 'project',
      name: 'webshop',
      customer: 'cus_wrong',
      isUnchecked: true,
    });
    await calls('/@alice/webshop', null, 2);
    await sendAndRead();
    const { stdout } = await run('mapping');
    expect(stdout).toMatch(/customer cus_wrong +2 +\$0\.004140/);
    expect(stdout).toContain('`tollkeeper stripe release customer cus_wrong CUSTOMER`');
    expect(stdout).toContain('Still mapped to it: the project webshop.');
    expect(await run('release', 'customer', 'cus_wrong')).toMatchObject({ status: 2 });
    expect(await run('release', 'customer', 'wrong', 'cus_alpine')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('That is no id of a Stripe customer.') as string,
    });
    const trial = await run('release', 'customer', 'cus_wrong', 'cus_alpine');
    expect(trial).toMatchObject({ status: 1 });
    expect(trial.stdout).toMatch(/2 calls .* would be billed to cus_alpine/);
    expect(trial.stdout).toContain('Nothing was changed.');
    const done = await run('release', 'customer', 'cus_wrong', 'cus_alpine', '--yes');
    expect(done).toMatchObject({ status: 0 });
    expect((await run('release', 'customer', 'cus_wrong', 'cus_alpine', '--yes')).stdout).toContain(
      'No calls within Stripe’s 35 days wait here.',
    );
    await sendAndRead();
    expect(stripe.meterSum('cus_alpine', meter)).toBe(BigInt((2 * nanoPerCall) / 1_000));
    expect((await run('mapping')).stdout).toContain('No calls wait for a customer.');
    expect(engine.verify().findings).toEqual([]);
  }, 120_000);
});
