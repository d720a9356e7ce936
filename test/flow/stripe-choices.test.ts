/** What a person sees and decides of the outbox, on the command line and through the API: beside a running engine and when none runs. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { seedHome } from '../kit/seeded-home.ts';
import { createShiftedClock, startTestEngine } from '../kit/test-engine.ts';
import { troubleOutbox } from '../kit/troubled-outbox.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const clock = createShiftedClock();
let home: string;
let stripe: SandboxStripe;
let ids: ReturnType<typeof troubleOutbox>;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-choices-'));
  seedHome({ home, nowMs: Date.now(), calls: 60 });
  ids = troubleOutbox(home, Date.now());
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 10_000 } });
  // Until what waits has been looked at.
  await stripe.setRules({ isOffline: true });
  stripe.seed({ eventName: 'tollkeeper_cost_micro_usd', customers: ['cus_alpine', 'cus_borealis', 'cus_northwind'] });
});
afterEach(async () => {
  await stripe.close();
  rmSync(home, { recursive: true, force: true });
});

type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

function run(...args: string[]): Promise<Ran> {
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    TZ: 'UTC',
    STRIPE_API_KEY: 'sk_test_choices',
    TOLLKEEPER_STRIPE_API_BASE: stripe.url,
  };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, 'sync', ...args, '--home', home], { env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

async function walkEveryChoice(): Promise<void> {
  const status = (await run('status')).stdout;
  expect(status).toMatch(/\$34\.00 leaves the 35-day window (today|tomorrow) unless this machine goes online/);
  expect(status).toMatch(
    /rejected +Stripe took it and does not count it: No such customer\. Map what was mapped to it/,
  );
  expect(status).toMatch(/unknown +Stripe counts \$0\.000017 in this minute/);
  expect(status).toMatch(/ of the 10,000 reads that Stripe allows in a month are used\./);

  await stripe.setRules({ isOffline: false });
  const shown = (await run('show', ids.rejected)).stdout;
  expect(shown).toContain(`Stripe is told ${ids.rejected}.`);
  expect(shown).toMatch(/^call_seed_\d+ /m);

  expect(await run('set-aside', ids.held)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('set aside') as string,
  });
  const again = await run('set-aside', ids.held);
  expect(again.status).not.toBe(0);
  expect(again.stderr).toContain('can be set aside');

  await run('retry', ids.rejected);
  const sent = (await run('show', ids.rejected)).stdout;
  expect(sent).toMatch(/: accepted\. Stripe took it\.\n/);
  expect(sent).toContain(`Earlier ${ids.rejected}: Stripe did not count it`);
  expect(stripe.events().map(({ identifier }) => identifier)).not.toContain(ids.rejected);

  const { carryForwards } = JSON.parse((await run('status', '--json')).stdout) as {
    carryForwards: { customer: string; nanoUsd: number }[];
  };
  const [first] = carryForwards;
  if (!first) throw new Error('something is set aside');
  expect((await run('carry-forward', first.customer, '0.5')).stderr).toContain('is not this sum');
  expect(await run('carry-forward', first.customer, String(first.nanoUsd / 1e9))).toMatchObject({ status: 0 });
  expect((await run('status', '--json')).stdout).not.toContain(`"customer":"${first.customer}","events"`);
}

describe('every choice about the outbox', () => {
  it('can be made when no engine runs', walkEveryChoice);

  it('can be made beside a running engine', async () => {
    const engine = await startTestEngine({ upstream: 'http://127.0.0.1:9', stripeApiBase: stripe.url, home, clock });
    try {
      await walkEveryChoice();
      expect(await engine.post('/api/stripe/online', {})).toEqual({});
    } finally {
      await engine.close();
    }
  });
});
