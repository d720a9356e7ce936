/** Who is billed for whom: customers picked from the account or made, projects and members mapped to them, calls that waited released. API and command line. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { customersViewSchema, mappingViewSchema, releaseAnswerSchema } from '../../shared/contract/stripe-customers.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startMessagesUpstream } from '../kit/messages-upstream.ts';
import type { Upstream } from '../kit/upstream.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const meter = 'tollkeeper_cost_micro_usd';
const dayMs = 24 * 3_600_000;
/** 1,000 × $2/M + 7 × $10/M. */
const nanoPerCall = 2_070_000;
const clock = createShiftedClock();
let upstream: Upstream;
let stripe: SandboxStripe;
let home: string;
let engine: TestEngine;

beforeEach(async () => {
  upstream = await startMessagesUpstream({ input_tokens: 1_000, output_tokens: 7 });
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 1_000 } });
  stripe.seed({ eventName: meter, customers: ['cus_a'] });
  for (const [id, name, email] of [
    ['cus_alpine', 'Alpine Ltd', 'billing@alpine.example'],
    ['cus_borealis', 'Borealis AG', null],
  ] as const)
    stripe.state.customers.set(id, { id, name, email });
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-customers-'));
  engine = await startTestEngine({ upstream: upstream.url, stripeApiBase: stripe.url, clock, home });
});

afterEach(async () => {
  await engine.close();
  await stripe.close();
  await upstream.close();
  rmSync(home, { recursive: true, force: true });
});

async function call(path: string, count = 1): Promise<void> {
  const before = engine.exported().length;
  for (let one = 0; one < count; one++)
    await fetch(`${engine.proxyUrl}${path}/v1/messages`, { method: 'POST', body: '{}' }).then((answer) =>
      answer.text(),
    );
  await engine.settled(before + count);
}

type Asked = {
  readonly status: number;
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
};
async function refusal(method: string, path: string, body?: unknown): Promise<Asked> {
  const answer = await engine.ask(method, path, body);
  return { status: answer.status, ...((await answer.json()) as Omit<Asked, 'status'>) };
}

const mapping = async () => mappingViewSchema.parse(await (await engine.get('/api/stripe/mapping')).json());
const customers = async (search: string) =>
  customersViewSchema.parse(
    await (await engine.get(`/api/stripe/customers?search=${encodeURIComponent(search)}`)).json(),
  );
const map = (name: string, customer: string | null, kind = 'project') =>
  engine.ask('PUT', '/api/stripe/mapping', { kind, name, customer });
const release = async (body: object) => releaseAnswerSchema.parse(await engine.post('/api/stripe/release', body));

describe('the account’s customers', () => {
  it('are listed newest first, and found by a part of their name, their address or their id', async () => {
    expect(await customers('')).toMatchObject({ mode: 'test', accountId: 'acct_sandbox', hasMore: false });
    const ids = async (search: string) => (await customers(search)).customers.map(({ id }) => id);
    expect(await ids('')).toEqual(['cus_borealis', 'cus_alpine', 'cus_a']);
    expect(await ids('alpi')).toEqual(['cus_alpine']);
    expect(await ids('ALPINE.example')).toEqual(['cus_alpine']);
    expect(await ids('ag')).toEqual(['cus_borealis']);
    expect(await ids('cus_a')).toEqual(['cus_a']);
    expect(await ids('cus_nobody')).toEqual([]);
    expect(await ids('a "quoted" \\ name')).toEqual([]);
  });

  it('are told to be more than a page where they are, and each look is counted as a read', async () => {
    for (let one = 0; one < 120; one++)
      stripe.state.customers.set(`cus_${one}x`, { id: `cus_${one}x`, name: `Customer ${one}` });
    const view = await customers('');
    expect([view.customers.length, view.hasMore]).toEqual([100, true]);
    await expect.poll(async () => (await engine.stripe()).reads.used - stripe.readCount()).toBe(0);
  });

  it('can be added to, with an address or without', async () => {
    const made = (await engine.post('/api/stripe/customers', { name: 'Nimbus', email: 'pay@nimbus.example' })) as {
      id: string;
    };
    expect(stripe.state.customers.get(made.id)).toMatchObject({ name: 'Nimbus', email: 'pay@nimbus.example' });
    await engine.post('/api/stripe/customers', { name: 'No address' });
    expect(await refusal('POST', '/api/stripe/customers', { name: '', email: null })).toMatchObject({ status: 400 });
    expect(await refusal('POST', '/api/stripe/customers', { name: 'X', email: 'nowhere' })).toMatchObject({
      status: 400,
    });
  });

  it('whose answer is lost while it is made is made once', async () => {
    const before = stripe.state.customers.size;
    stripe.breakNextWrite('lose_answer');
    await engine.post('/api/stripe/customers', { name: 'Once' });
    expect(stripe.state.customers.size).toBe(before + 1);
  });

  it('that a key may not see are told with the permission that is missing', async () => {
    await stripe.setRules({ restrictedTo: ['billing_meter_event_write'] });
    await engine.useSecrets({ anthropicApiKey: null, anthropicAdminKey: null, stripeApiKey: 'rk_test_meters' });
    expect(await refusal('GET', '/api/stripe/customers')).toMatchObject({
      status: 401,
      error: { message: 'The key lacks the permission “Customers: Read” (rak_customer_read).' },
    });
    expect((await refusal('POST', '/api/stripe/customers', { name: 'X' })).error.message).toContain('Customers: Write');
  });
});

describe('a mapping', () => {
  it('holds from the next call on, without a restart, and stands in the settings file', async () => {
    await call('/@alice/webshop');
    expect((await map('webshop', 'cus_alpine')).status).toBe(200);
    await call('/@alice/webshop');
    await map('alice', 'cus_borealis', 'member');
    await call('/@alice/webshop');
    await call('/@alice/other');
    await map('webshop', null);
    await call('/@alice/webshop');
    expect(engine.exported().map(({ customer }) => customer)).toEqual([
      null,
      'cus_alpine',
      'cus_alpine',
      'cus_borealis',
      'cus_borealis',
    ]);
    expect(await mapping()).toMatchObject({ projects: [], members: [{ name: 'alice', customer: 'cus_borealis' }] });
    const file = JSON.parse(await readFile(join(home, 'settings.json'), 'utf8')) as object;
    expect(file).toMatchObject({ customers: { projects: {}, members: { alice: 'cus_borealis' } } });
    await engine.restart();
    await call('/@alice/other');
    expect(engine.exported().at(-1)?.customer).toBe('cus_borealis');
  });

  it('is refused for a customer that is unknown, deleted or of the other mode, each in its words', async () => {
    stripe.state.customers.set('cus_gone', { id: 'cus_gone', name: 'Gone', isDeleted: true });
    stripe.state.otherModeIds.add('cus_live');
    const told = async (customer: string) => {
      const answer = await map('webshop', customer);
      return [answer.status, ((await answer.json()) as { error: { message: string } }).error.message];
    };
    expect(await told('cus_nobody')).toEqual([404, 'The test account acct_sandbox has no customer cus_nobody.']);
    expect(await told('cus_gone')).toEqual([404, 'The customer cus_gone was deleted in Stripe.']);
    expect(await told('cus_live')).toEqual([
      404,
      'cus_live is a customer of live mode, and this is the test account acct_sandbox.',
    ]);
    expect((await map('webshop', 'alpine')).status).toBe(400);
    expect((await mapping()).projects).toEqual([]);
  });

  it('can be made offline by who says so, and is refused otherwise', async () => {
    await stripe.setRules({ isOffline: true });
    expect(
      await refusal('PUT', '/api/stripe/mapping', { kind: 'project', name: 'webshop', customer: 'cus_alpine' }),
    ).toMatchObject({
      status: 409,
      error: { message: expect.stringContaining('Stripe cannot be reached') as string },
    });
    const unchecked = { kind: 'project', name: 'webshop', customer: 'cus_alpine', isUnchecked: true };
    expect((await engine.ask('PUT', '/api/stripe/mapping', unchecked)).status).toBe(200);
    await stripe.setRules({ isOffline: false });
  });
});

describe('calls without a customer', () => {
  it('wait visibly by project and member, with what they cost, since when, and when they leave the window', async () => {
    const startedMs = clock.nowMs();
    await call('/@alice/webshop', 2);
    await call('/@bo');
    await call('');
    const { unmapped } = await mapping();
    expect(unmapped.map(({ project, member, calls, costNanoUsd }) => [project, member, calls, costNanoUsd])).toEqual([
      ['webshop', null, 2, 2 * nanoPerCall],
      [null, null, 1, nanoPerCall],
      [null, 'bo', 1, nanoPerCall],
    ]);
    expect(unmapped[0]?.firstMs).toBeGreaterThanOrEqual(startedMs);
    expect(unmapped[0]?.leavesAtMs).toBe((unmapped[0]?.firstMs ?? 0) + 35 * dayMs);
    await map('webshop', 'cus_alpine');
    expect((await mapping()).unmapped[0]).toMatchObject({ project: 'webshop', customer: 'cus_alpine', calls: 2 });
  });

  it('are released to a customer within Stripe’s window: shown first, billed once, in their own minute', async () => {
    await call('/@alice/webshop', 3);
    const minute = Math.floor(Date.parse(engine.exported()[0]?.started_at ?? '') / 60_000) * 60_000;
    clock.putAhead(20 * dayMs);
    const which = { kind: 'project', project: 'webshop' };
    const trial = await release({ which, customer: 'cus_alpine', isTrial: true });
    expect(trial).toMatchObject({ calls: 3, costNanoUsd: 3 * nanoPerCall, older: { calls: 0 }, isTrial: true });
    expect(engine.exported().every(({ customer }) => customer === null)).toBe(true);

    await release({ which, customer: 'cus_alpine' });
    expect(await release({ which, customer: 'cus_borealis' })).toMatchObject({ calls: 0, costNanoUsd: 0 });
    await engine.syncNow();
    expect(stripe.meterSum('cus_alpine', meter)).toBe(BigInt((3 * nanoPerCall) / 1_000));
    expect(stripe.meterSum('cus_borealis', meter)).toBe(0n);
    for (const { timestampMs } of stripe.events()) expect(timestampMs).toBeGreaterThanOrEqual(minute);
    expect((await mapping()).unmapped).toEqual([]);
    expect(engine.verify().findings).toEqual([]);
    const [first] = engine.exported();
    expect((await engine.call(first?.id ?? '')).correctionReason).toBe('Released to cus_alpine; it had no customer.');
  });

  it('go where their project is mapped to when no customer is named, and nowhere when none is', async () => {
    await call('/@alice/webshop');
    const which = { kind: 'project', project: 'webshop' };
    expect(await refusal('POST', '/api/stripe/release', { which })).toMatchObject({
      status: 400,
      error: { code: 'bad_usage' },
    });
    await map('webshop', 'cus_alpine');
    expect(await release({ which })).toMatchObject({ customer: 'cus_alpine', calls: 1 });
    expect(await refusal('POST', '/api/stripe/release', { which, customer: 'cus_nobody' })).toMatchObject({
      status: 404,
    });
  });

  it('are counted under the plan of their own time, whatever the plan is when they are released', async () => {
    await call('/@alice/webshop', 2);
    clock.putAhead(120_000);
    const { revision, inFile } = (await (await engine.get('/api/stripe/plan')).json()) as {
      revision: string;
      inFile: object;
    };
    const changed = await engine.ask('PUT', '/api/stripe/plan', { revision, plan: { ...inFile, kind: 'tokens' } });
    expect(changed.status).toBe(200);
    clock.putAhead(120_000);
    await call('/@alice/webshop');
    await map('webshop', 'cus_alpine');
    await release({ which: { kind: 'project', project: 'webshop' } });
    clock.putAhead(120_000);
    for (const tokenClass of ['input', 'output'])
      stripe.seed({ eventName: `tollkeeper_tokens_${tokenClass}`, customers: [] });
    await engine.syncNow();
    expect(stripe.meterSum('cus_alpine', meter)).toBe(BigInt((2 * nanoPerCall) / 1_000));
    expect(stripe.meterSum('cus_alpine', 'tollkeeper_tokens_input')).toBe(1_000n);
    expect(stripe.meterSum('cus_alpine', 'tollkeeper_tokens_output')).toBe(7n);
    expect(engine.verify().findings).toEqual([]);
  });

  it('that left the window are said and left, or set aside with an invoice item where that is asked for', async () => {
    await call('/@alice/webshop', 2);
    clock.putAhead(36 * dayMs);
    await call('/@alice/webshop');
    const which = { kind: 'project', project: 'webshop' };
    const first = await release({ which, customer: 'cus_alpine' });
    expect(first).toMatchObject({ calls: 1, older: { calls: 2, costNanoUsd: 2 * nanoPerCall, isReleased: false } });
    expect((await mapping()).unmapped).toMatchObject([
      { calls: 0, firstMs: null, leavesAtMs: null, older: { calls: 2 } },
    ]);

    expect(await release({ which, customer: 'cus_alpine', withOlder: true })).toMatchObject({
      calls: 0,
      older: { calls: 2, isReleased: true },
    });
    clock.putAhead(120_000);
    await engine.syncNow();
    expect(stripe.meterSum('cus_alpine', meter)).toBe(BigInt(nanoPerCall / 1_000));
    const view = await engine.stripe();
    expect(view.carryForwards).toMatchObject([{ customer: 'cus_alpine', nanoUsd: 2 * nanoPerCall, calls: 2 }]);
    expect((await mapping()).unmapped).toEqual([]);
    expect(engine.verify().findings).toEqual([]);
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

async function walkTheCommands(): Promise<void> {
  const shown = await run('setup');
  expect(shown).toMatchObject({ status: 1 });
  expect(shown.stdout).toMatch(/^Plan cost in the test account acct_sandbox:\n/);
  expect(shown.stdout).toMatch(/there +meter +tollkeeper_cost_micro_usd +The meter is there\./);
  expect(shown.stdout).toMatch(/make +product +tollkeeper_claude_usage/);
  expect(shown.stdout).toContain('Nothing was changed. Run it with --yes to do this.');
  expect(stripe.state.products.size).toBe(0);
  const done = await run('setup', '--yes');
  expect(done).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('2 steps done, 1 step there already.') as string,
  });
  const again = JSON.parse((await run('setup', '--json')).stdout) as { plan: { toDo: number }; result: unknown };
  expect(again).toMatchObject({ plan: { toDo: 0 }, result: null });

  const account = await run('account');
  expect(account.stdout).toMatch(/billed to the test account acct_sandbox/);
  expect(account.stdout).toMatch(/Meter events +Write +Write +send/);
  expect(account.stdout).toContain(
    'https://dashboard.stripe.com/test/apikeys/create?name=Tollkeeper&permissions[]=rak_',
  );

  expect((await run('customers')).stdout).toMatch(/cus_alpine +Alpine Ltd +billing@alpine\.example/);
  expect((await run('customers', 'borea')).stdout).not.toContain('cus_alpine');
  const made = JSON.parse(
    (await run('customers', 'create', 'Nimbus', '--email', 'pay@nimbus.example', '--json')).stdout,
  ) as { id: string };
  expect(stripe.state.customers.get(made.id)).toMatchObject({ name: 'Nimbus' });
  expect(await run('customers', 'create', 'X', '--email', 'nowhere')).toMatchObject({ status: 2 });

  expect(await run('map', 'project', 'webshop', 'cus_nobody')).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('has no customer cus_nobody') as string,
  });
  expect(await run('map', 'team', 'webshop', 'cus_alpine')).toMatchObject({ status: 2 });
  expect((await run('map', 'project', 'webshop', 'cus_alpine')).stdout).toContain(
    'The project webshop is billed to cus_alpine, from the next call on.\n2 earlier calls wait for a customer: `tollkeeper stripe release project webshop`.',
  );
  expect((await run('mapping')).stdout).toMatch(/project webshop +2 +\$0\.004140/);
  const trial = await run('release', 'project', 'webshop');
  expect(trial).toMatchObject({ status: 1 });
  expect(trial.stdout).toMatch(/2 calls .* would be billed to cus_alpine/);
  expect(await run('release', 'project', 'webshop', '--yes')).toMatchObject({ status: 0 });
  expect((await run('release', 'project', 'webshop', '--yes')).stdout).toContain(
    'No calls within Stripe’s 35 days wait here.',
  );
  expect((await run('release', 'nobody', 'cus_borealis', '--yes')).stdout).toMatch(
    /1 call .* is billed to cus_borealis/,
  );
  expect((await run('unmap', 'project', 'webshop')).stdout).toContain('billed to nobody');
  expect(await run('unmap', 'project', 'webshop')).toMatchObject({
    stderr: expect.stringContaining('is mapped to no customer') as string,
  });
  expect((await run('mapping')).stdout).toContain('No calls wait for a customer.');
}

describe('the commands', () => {
  beforeEach(async () => {
    await call('/@alice/webshop', 2);
    await call('');
  });

  // Some twenty processes, one after the other.
  const longMs = 240_000;

  it('do all of it beside a running engine', walkTheCommands, longMs);

  it(
    'do all of it when no engine runs',
    async () => {
      await engine.stop();
      await walkTheCommands();
      await engine.start();
      expect(engine.verify().findings).toEqual([]);
    },
    longMs,
  );
});
