/**
 * What comes late, through a whole engine, the real SDK and the command line: corrections after sending, invoices that close, items, a month on both sides.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { dataOf } from '../../shared/pricing/price-book.ts';
import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { dearBook } from '../kit/seeded-home.ts';
import { createShiftedClock, startTestEngine, type ShiftedClock, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const meter = 'tollkeeper_cost_micro_usd';
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Noon of a day in the middle of a month, so that a few days on are in it too. */
const startMs = Date.parse('2026-11-15T12:00:00Z');
let clock: ShiftedClock;
let upstream: Upstream;
let stripe: SandboxStripe;
let engine: TestEngine;
let notices: string[];
let calls = 0;

beforeEach(async () => {
  calls = 0;
  notices = [];
  clock = createShiftedClock();
  clock.putAhead(startMs - clock.nowMs());
  upstream = await startUpstream((_request, response) => {
    const id = `msg_${(calls += 1)}_${Date.now()}`;
    const usage = { input_tokens: 1_000, output_tokens: 20_000 };
    const message = { id, type: 'message', model: 'claude-haiku-5-5', stop_reason: 'end_turn', usage };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 10_000 } });
  stripe.seed({ eventName: meter, customers: ['cus_a'] });
  engine = await startTestEngine({
    upstream: upstream.url,
    stripeApiBase: stripe.url,
    clock,
    onNotice: (sentence) => notices.push(sentence),
  });
});
afterEach(async () => {
  expect(engine.verify().findings).toEqual([]);
  await engine.close();
  await stripe.close();
  await upstream.close();
});

async function call(): Promise<void> {
  const before = engine.exported().length;
  const answer = await fetch(`${engine.proxyUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'x-tollkeeper-customer': 'cus_a' },
    body: '{}',
  });
  await answer.text();
  await engine.settled(before + 1);
}
async function delivered(): Promise<string> {
  await call();
  clock.putAhead(2 * minuteMs);
  await engine.syncNow();
  const [event] = (await engine.stripe()).events;
  expect(event?.state).toBe('accepted');
  return event?.identifier ?? '';
}
/** Haiku's output turns out to cost more. */
async function rateDearer(): Promise<void> {
  await engine.post('/api/prices/apply', { book: dataOf(dearBook) });
  await engine.post('/api/prices/rerate', { from: null, to: null, isTrial: false });
}
const due = () => engine.exported().reduce((sum, one) => sum + (one.cost_nano_usd ?? 0), 0);

type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };
function run(...args: string[]): Promise<Ran> {
  const env = { PATH: process.env['PATH'], HOME: engine.home, TZ: 'UTC' };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, 'sync', ...args, '--home', engine.home], { env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

describe('calls that are priced again after their event was sent', () => {
  it('within 24 hours have it cancelled and sent anew, and the old identifier still leads to the calls', async () => {
    const old = await delivered();
    await rateDearer();
    expect((await engine.stripe()).differences.calls).toBe(1);
    await engine.syncNow();

    expect(stripe.meterSum('cus_a', meter)).toBe(BigInt(Math.floor(due() / 1_000)));
    expect((await engine.stripe()).differences.calls).toBe(0);
    const shown = (await run('show', old)).stdout;
    expect(shown).toContain(`Earlier ${old}: Stripe cancelled it, since calls of it were corrected.`);
    expect(shown).toMatch(/^call_\S+ /m);
  });

  it('later become a carry-forward that is made an invoice item after its sum was named, once', async () => {
    await delivered();
    clock.putAhead(30 * hourMs);
    const before = due();
    await rateDearer();
    await engine.syncNow();
    expect(stripe.events()).toHaveLength(1);
    const more = due() - before;

    const shown = (await run('carry-forward', 'cus_a')).stdout;
    expect(shown).toContain('Corrections of 2026-11-15 (1 call) after they were metered');
    expect(shown).toMatch(/^call_\S+ .* corrected +\$0\.\d{9}$/m);
    const sum = /carry-forward --create cus_a ([\d.]+)`/.exec(shown)?.[1] ?? '';
    expect(Math.round(Number(sum) * 1e9)).toBe(more);
    expect((await run('carry-forward', '--create', 'cus_a', '1.5')).stdout).toContain('is not this sum any more');
    expect(stripe.invoiceItems()).toEqual([]);

    const made = await run('carry-forward', '--create', 'cus_a', sum);
    expect(made).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('goes on the customer’s next invoice') as string,
    });
    expect(stripe.invoiceItems()).toMatchObject([{ cents: Math.floor(more / 1e7), customer: 'cus_a' }]);
    expect((await run('carry-forward', '--create', 'cus_a', sum)).status).toBe(1);
    expect(stripe.invoiceItems()).toHaveLength(1);
  });
});

describe('an invoice that closes while this machine is offline', () => {
  it('is warned of once, on the screen, in the status and by the host, and what missed it is set aside', async () => {
    stripe.subscribe({ customer: 'cus_a', eventName: meter, startMs: startMs - 5 * dayMs, interval: 'week' });
    await delivered();
    await stripe.setRules({ isOffline: true });
    clock.putAhead(hourMs);
    await call();
    clock.putAhead(20 * minuteMs);
    await engine.syncNow();
    clock.putAhead(20 * minuteMs);

    const warned =
      /^\$0\.\d\d leaves the invoice of 2026-11-17 unless this machine goes online; what misses it is set aside/;
    await expect.poll(() => notices.filter((sentence) => warned.test(sentence)).length, { timeout: 15_000 }).toBe(1);
    expect((await run('status')).stdout).toMatch(
      // The command goes by the machine's own day.
      / leaves (today’s invoice|tomorrow’s invoice|the invoice of 2026-11-17) unless this machine goes online/,
    );
    expect((await engine.stripe()).closing).toMatchObject({ events: 1 });
    expect((await engine.stripe()).warnings).toMatchObject([{ key: 'invoice 2026-11-17' }]);
    await engine.restart();
    await engine.syncNow();
    expect((await engine.stripe()).warnings).toHaveLength(1);
    expect(notices.filter((sentence) => warned.test(sentence))).toHaveLength(1);

    clock.putAhead(3 * dayMs);
    await stripe.setRules({ isOffline: false });
    await engine.syncNow();
    const view = await engine.stripe();
    expect(view.events.map(({ state }) => state).toSorted()).toEqual(['confirmed', 'set_aside']);
    expect(view.carryForwards).toMatchObject([{ customer: 'cus_a', events: 1 }]);
    expect(stripe.invoices()[0]?.quantity).toBe(stripe.meterSum('cus_a', meter));
  });
});

describe('a customer’s month on both sides', () => {
  it('agrees, adds up, says what it read, and shows what was read before when Stripe cannot be reached', async () => {
    await delivered();
    clock.putAhead(7 * hourMs);
    const agreed = await run('month', 'cus_a', '--month', '2026-11');
    expect(agreed.stdout).toMatch(/^2026-11-15 +tollkeeper_cost_micro_usd +1 +\$(0\.\d{6}) +\$\1 +\$\1 +\$0\.000000/m);
    expect(agreed.stdout).toContain('to the nano-dollar.');
    expect(agreed.stdout).toMatch(/Stripe was asked [12] times for this; \d+ of the 10,000 reads/);
    expect(agreed.status).toBe(0);

    await stripe.setRules({ isOffline: true });
    const stale = await run('month', 'cus_a', '--month', '2026-11');
    expect(stale.stdout).toMatch(
      /Stripe was not read; its figures are those of 2026-11-15 19:\d\d UTC: Stripe cannot be reached\./,
    );
    const json: unknown = JSON.parse((await run('month', 'cus_a', '--month', '2026-11', '--json')).stdout);
    expect(json).toMatchObject({ meters: [{ meter, leftThousandths: 0, differenceValue: 0 }] });
    expect((await run('month', 'cus_a', '--month', '2026-13')).status).toBe(2);
  });
});
