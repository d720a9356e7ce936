/**
 * A price file put in force, and past calls priced again, as a person does it: through the running engine and with none. Corrections are new rows that
 * name the old; the month, the screens and what has not been sent follow; what Stripe was told already is a difference to settle.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { openPeriod, overFile, someModel, someRates } from '../kit/price-files.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

const meter = 'tollkeeper_cost_micro_usd';
const minuteMs = 60_000;
const cli = join(import.meta.dirname, '../../main/cli.ts');
let clock: ReturnType<typeof createShiftedClock>;
let upstream: Upstream;
let stripe: SandboxStripe;
let engine: TestEngine;
let calls = 0;

/** 1,000 in and 100 out: $2 and $10 a million by the shipped book, $2 and $20 by the file. */
const usage = { input_tokens: 1_000, output_tokens: 100 };
const shipped = 2_000_000 + 1_000_000;
const ours = 2_000_000 + 2_000_000;
/** $5 and $25 a million; in no book but the file's. */
const ownModel = 5_000_000 + 2_500_000;

const sonnet = {
  ...someModel,
  id: 'claude-sonnet-5-5',
  periods: [{ ...openPeriod, standard: { ...someRates, input: 2_000_000, output: 20_000_000 } }],
};

beforeEach(async () => {
  calls = 0;
  clock = createShiftedClock();
  upstream = await startUpstream((request, response) => {
    const { model } = JSON.parse(request.body.toString()) as { model: string };
    calls += 1;
    const message = { id: `msg_prices_${calls}`, type: 'message', model, stop_reason: 'end_turn', usage };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 1_000 } });
  stripe.seed({ eventName: meter, customers: ['cus_a'] });
  engine = await startTestEngine({ upstream: upstream.url, stripeApiBase: stripe.url });
  writeFileSync(join(engine.home, 'own.json'), overFile([sonnet, someModel]));
});

afterEach(async () => {
  await engine.close();
  await stripe.close();
  await upstream.close();
});

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

function run(...args: string[]): Promise<Ran> {
  const env = { PATH: process.env['PATH'], HOME: engine.home, TZ: 'UTC', TOLLKEEPER_HOME: engine.home };
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

/** One call, and then the next minute, so that its own can be sealed. */
async function call(model: string): Promise<void> {
  const headers = { 'x-tollkeeper-customer': 'cus_a' };
  const before = engine.exported().length;
  await (
    await fetch(`${engine.proxyUrl}/v1/messages`, { method: 'POST', headers, body: JSON.stringify({ model }) })
  ).text();
  await engine.settled(before + 1);
  engine.clock.putAhead(2 * minuteMs);
  clock.putAhead(2 * minuteMs);
}

const costs = () => engine.exported().map(({ cost_nano_usd: cost }) => cost);
const month = async () => JSON.parse((await run('report', '--json')).stdout) as { total: object };

/** Three calls by the shipped book: one that Stripe was told of, one that waits, one of a model that no book knows. */
async function threeCalls(): Promise<void> {
  await call('claude-sonnet-5-5');
  await engine.syncNow();
  await stripe.setRules({ isOffline: true });
  await call('claude-sonnet-5-5');
  await engine.syncNow();
  await call('claude-own-1');
  expect(costs()).toEqual([shipped, shipped, null]);
  expect(stripe.meterSum('cus_a', meter)).toBe(BigInt(shipped / 1_000));
}

describe('a price file', () => {
  it('in force prices new calls, leaves past ones, and holds over a restart until it is reset', async () => {
    await call('claude-sonnet-5-5');
    const applied = await run('prices', 'apply', join(engine.home, 'own.json'));
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(applied.stdout).toContain('Price book own-1 is in force.');
    expect(applied.stdout).toMatch(/claude-sonnet-5-5 +output .* 10\.00 +20\.00/);
    await call('claude-sonnet-5-5');
    await engine.restart();
    await call('claude-own-1');
    expect(costs()).toEqual([shipped, ours, ownModel]);
    expect(engine.exported().map(({ price_book: book }) => book)).toEqual([currentBook.version, 'own-1', 'own-1']);

    expect((await run('prices', 'reset')).stdout).toContain(`Price book ${currentBook.version}, which ships`);
    await call('claude-sonnet-5-5');
    expect(costs()).toEqual([shipped, ours, ownModel, shipped]);
  });

  it('that is wrong, or takes a name that has priced calls, is refused and changes nothing', async () => {
    const file = (text: string) => {
      writeFileSync(join(engine.home, 'other.json'), text);
      return run('prices', 'apply', join(engine.home, 'other.json'));
    };
    expect(await file('{')).toMatchObject({ code: 1, stderr: expect.stringContaining('prices check') });
    await run('prices', 'apply', join(engine.home, 'own.json'));
    await call('claude-own-1');
    const dearer = { ...sonnet, periods: [{ ...openPeriod, standard: { ...someRates, output: 30_000_000 } }] };
    const inForce = await file(overFile([dearer, someModel]));
    expect(inForce).toMatchObject({ code: 1, stderr: expect.stringContaining('"own-1" already names a book') });
    await run('prices', 'reset');
    // Not in force any more, and still the name of what priced a call.
    const later = await file(overFile([dearer, someModel]));
    expect(later).toMatchObject({ code: 2, stderr: expect.stringContaining('Another price book called own-1') });
    await run('prices', 'apply', join(engine.home, 'own.json'));
    await call('claude-sonnet-5-5');
    expect(costs()).toEqual([ownModel, ours]);
  });
});

describe.each([['through the running engine'], ['with nothing running']])('pricing past calls again %s', (how) => {
  it('corrects by new rows that name the old, in every sum, and tells what Stripe was told already', async () => {
    await threeCalls();
    const rows = engine.exported();
    // The command writes the ledger itself when no engine runs; the engine then finds it so.
    const isAlone = how === 'with nothing running';
    if (isAlone) await engine.stop();

    await run('prices', 'apply', join(engine.home, 'own.json'));
    const trial = await run('prices', 'rerate', '--trial');
    expect(trial.stdout).toContain('3 calls checked against price book own-1: 3 would change, +$0.009500 in all.');
    expect(trial.stdout).toContain('1 of them had no price.');
    expect(costs()).toEqual([shipped, shipped, null]);

    const done = await run('prices', 'rerate', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({
      isTrial: false,
      changed: 3,
      newlyPriced: 1,
      differenceNanoUsd: 2 * (ours - shipped) + ownModel,
    });
    expect(JSON.parse((await run('prices', 'rerate', '--json')).stdout)).toMatchObject({ checked: 3, changed: 0 });
    expect((await month()).total).toMatchObject({ costNanoUsd: 2 * ours + ownModel, unpricedCalls: 0 });

    if (isAlone) await engine.start();
    expect(costs()).toEqual([ours, ours, ownModel]);
    expect(engine.exported().map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    const live = (await (await engine.get('/api/live')).json()) as { month: object };
    expect(live.month).toMatchObject({ costNanoUsd: 2 * ours + ownModel, unpricedCalls: 0 });
    const sent = await engine.call(rows[0]?.id ?? '');
    expect(sent).toMatchObject({
      correctionReason: `Priced again by price book own-1; it was priced by ${currentBook.version}.`,
      earlier: [{ costNanoUsd: shipped, priceBook: currentBook.version }],
      differences: [{ unit: 'micro_usd', sentThousandths: shipped, dueThousandths: ours, dueWorthNanoUsd: ours }],
    });
    expect(await engine.call(rows[2]?.id ?? '')).toMatchObject({
      costNanoUsd: ownModel,
      earlier: [{ costNanoUsd: null, unpricedReason: expect.stringContaining('claude-own-1 is not in price book') }],
      differences: [],
    });

    await stripe.setRules({ isOffline: false });
    for (let round = 0; round < 5; round++) await engine.syncNow();
    // The first call was sent less than a day ago: its event is cancelled and sent anew, by the new book as the others.
    expect(stripe.meterSum('cus_a', meter)).toBe(BigInt((ours + ours + ownModel) / 1_000));
    expect(await engine.stripe()).toMatchObject({ waitingEvents: 0, differences: { calls: 0, nanoUsd: 0 } });
    expect(engine.verify().findings).toEqual([]);
  });
});
