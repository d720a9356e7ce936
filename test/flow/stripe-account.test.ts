/** One ledger, one Stripe account and mode: whatever key comes, nothing of one account reaches another, and nothing is lost by it. */
import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { noSecrets } from '../../shared/contract/secrets.ts';
import { stripeAccountViewSchema, type StripeAccountView } from '../../shared/contract/stripe-setup.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startMessagesUpstream } from '../kit/messages-upstream.ts';
import type { Upstream } from '../kit/upstream.ts';

const meter = 'tollkeeper_cost_micro_usd';
const clock = createShiftedClock();
let upstream: Upstream;
let stripe: SandboxStripe;
let other: SandboxStripe;
let home: string;
let engine: TestEngine;

beforeEach(async () => {
  upstream = await startMessagesUpstream({ input_tokens: 1_000, output_tokens: 7 });
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 1_000 } });
  other = await startSandboxStripe({ clock, rules: { requestsPerSecond: 1_000, accountId: 'acct_other' } });
  for (const one of [stripe, other]) one.seed({ eventName: meter, customers: ['cus_a'] });
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-account-'));
  engine = await startEngine(stripe);
});

afterEach(async () => {
  await engine.close();
  for (const one of [stripe, other]) await one.close();
  await upstream.close();
  rmSync(home, { recursive: true, force: true });
});

function startEngine({ url }: SandboxStripe): Promise<TestEngine> {
  return startTestEngine({ upstream: upstream.url, stripeApiBase: url, clock, home });
}

async function minuteOfCalls(count = 1): Promise<void> {
  const before = engine.exported().length;
  for (let call = 0; call < count; call++)
    await fetch(`${engine.proxyUrl}/v1/messages`, {
      method: 'POST',
      headers: { 'x-tollkeeper-customer': 'cus_a' },
      body: '{}',
    }).then((answer) => answer.text());
  await engine.settled(before + count);
  clock.putAhead(120_000);
}

const account = async (): Promise<StripeAccountView> =>
  stripeAccountViewSchema.parse(await (await engine.get('/api/stripe/account')).json());
const keyed = (stripeApiKey: string | null) => engine.useSecrets({ ...noSecrets, stripeApiKey });
const sentence = async () => ((await engine.post('/api/stripe/sync', {})) as { sentence: string }).sentence;

describe('a ledger and its Stripe account', () => {
  it('is bound at the first contact, and says to which account and mode', async () => {
    await engine.syncNow();
    expect(await account()).toMatchObject({
      bound: { accountId: 'acct_sandbox', mode: 'test' },
      key: { isOpen: true, sentence: 'The test key is of the account acct_sandbox.' },
    });
  });

  it('refuses a live key without a single request, and everything waits until the right key is back', async () => {
    await minuteOfCalls();
    await engine.syncNow();
    const sent = stripe.events().length;
    const asked = stripe.requestCount();
    await keyed('sk_live_real');
    await minuteOfCalls();

    expect(await sentence()).toBe(
      '0 meter events delivered, 1 wait. This is a live key, and this ledger is billed to the test account acct_sandbox. Nothing is sent; everything waits. Use a test key of acct_sandbox, or start another home folder for the other account (docs/stripe.md says how to go from test to live).',
    );
    expect(stripe.requestCount()).toBe(asked);
    expect(await engine.stripe()).toMatchObject({ state: 'failing', mode: 'live', waitingEvents: 1 });
    expect((await account()).key).toMatchObject({ isOpen: false });

    await keyed('sk_test_again');
    await expect.poll(() => stripe.events().length, { timeout: 10_000 }).toBe(sent + 1);
    expect(await engine.stripe()).toMatchObject({ state: 'ok', mode: 'test', waitingEvents: 0 });
  });

  it('refuses a key of another account before anything is sent to it, also after a restart', async () => {
    await minuteOfCalls();
    await engine.syncNow();
    await engine.close();
    engine = await startEngine(other);
    await minuteOfCalls();

    expect(await sentence()).toContain(
      'This key is of the account acct_other, and this ledger is billed to the test account acct_sandbox.',
    );
    expect(other.events()).toEqual([]);
    expect(await engine.stripe()).toMatchObject({ state: 'failing', waitingEvents: 1 });
    for (const [method, path] of [
      ['GET', 'setup'],
      ['GET', 'customers'],
    ] as const) {
      const answer = await engine.ask(method, `/api/stripe/${path}`);
      expect([path, answer.status]).toEqual([path, 409]);
      expect(await answer.text()).toContain('acct_other');
    }

    await engine.close();
    engine = await startEngine(stripe);
    await engine.syncNow();
    expect(stripe.events()).toHaveLength(2);
    expect(await engine.stripe()).toMatchObject({ waitingEvents: 0 });
  });

  it('reads nothing of another account either: its sums and reports are not this ledger’s', async () => {
    await engine.syncNow();
    await engine.close();
    engine = await startEngine(other);
    await engine.syncNow();
    // Whose account it is, and nothing else.
    const reads = other.readCount();
    expect(reads).toBeGreaterThan(0);
    expect(other.requestCount()).toBe(reads);
    expect((await engine.stripe()).readTrouble).toBe(null);
  });

  it('does not use a key whose account Stripe does not tell, and says what it needs', async () => {
    await keyed(null);
    await stripe.setRules({ accountId: '', restrictedTo: ['billing_meter_event_write'] });
    await keyed('rk_test_nameless');
    await minuteOfCalls();
    expect(await sentence()).toContain(
      'Stripe does not tell whose account this key is of, so nothing is sent; everything waits. Give the restricted key read access to “Connected accounts”',
    );
    expect(stripe.events()).toEqual([]);

    await stripe.setRules({ accountId: 'acct_sandbox' });
    await engine.syncNow();
    expect(stripe.events()).toHaveLength(1);
  });

  it('waits while Stripe cannot be reached at the first contact, and is bound when it can', async () => {
    await engine.close();
    await stripe.setRules({ isOffline: true });
    engine = await startEngine(stripe);
    await minuteOfCalls();
    await engine.syncNow();
    expect(await engine.stripe()).toMatchObject({ state: 'offline', waitingEvents: 1 });

    await stripe.setRules({ isOffline: false });
    await engine.post('/api/stripe/online', {});
    await expect.poll(() => stripe.events().length, { timeout: 10_000 }).toBe(1);
    expect(await account()).toMatchObject({ bound: { accountId: 'acct_sandbox' } });
  });
});

describe('going from one account to another', () => {
  it('is possible while nothing was sent: what waits goes to the new one', async () => {
    await stripe.setRules({ isOffline: true });
    await minuteOfCalls();
    // Known at once by the key itself, so it need not be reached.
    await keyed('sk_live_real');
    await stripe.setRules({ isOffline: false });
    await engine.post('/api/stripe/account/give-up', {});
    expect(await account()).toMatchObject({
      bound: { accountId: 'acct_sandbox', mode: 'live' },
      key: { isOpen: true },
    });
    await engine.syncNow();
    expect(stripe.events()).toHaveLength(1);
  });

  it('is refused once something was sent, with the way that is left', async () => {
    await minuteOfCalls();
    await engine.syncNow();
    const answer = await engine.ask('POST', '/api/stripe/account/give-up', {});
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      error: {
        message: '1 meter event was sent to this account, so this ledger stays with it.',
        remedy: expect.stringContaining('Start another home folder (--home)') as string,
      },
    });
    expect(await account()).toMatchObject({ bound: { mode: 'test' } });
  });
});
