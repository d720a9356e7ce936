/** `tollkeeper plan`: beside a running engine, where a change holds from the next minute on, and where none runs. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { planViewSchema, type PlanView } from '../../shared/contract/plan-view.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
let engine: TestEngine;
let fresh: string;
beforeEach(async () => {
  fresh = mkdtempSync(join(tmpdir(), 'tollkeeper-plan-'));
  engine = await startTestEngine({ upstream: 'http://127.0.0.1:9' });
});
afterEach(async () => {
  await engine.close();
  rmSync(fresh, { recursive: true });
});

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

function run(args: readonly string[], home = engine.home): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, 'plan', ...args, '--home', home], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

const view = async (home?: string): Promise<PlanView> =>
  planViewSchema.parse(JSON.parse((await run(['show', '--json'], home)).stdout));
const settings = () => JSON.parse(readFileSync(join(engine.home, 'settings.json'), 'utf8')) as { plan?: object };

describe('tollkeeper plan', () => {
  it('shows the plan, says what a change will do before it does it, and makes it in the running engine', async () => {
    expect((await run([])).stdout).toBe(
      'Cost, from the beginning. Stripe is told what each call costs in micro-dollars, with nothing added. One meter: tollkeeper_cost_micro_usd.\n',
    );
    const trial = await run(['set', 'tokens', '--markup', '12.5', '--trial']);
    expect(trial).toMatchObject({ code: 0, stderr: '' });
    expect(trial.stdout).toMatch(
      /^Calls that start from \d{4}-\d\d-\d\d \d\d:\d\d UTC on are counted under the new plan\./,
    );
    expect(trial.stdout).toContain('Stripe needs 6 meters before the first event');
    expect(settings().plan).toBeUndefined();

    const done = await run(['set', 'tokens', '--markup', '12.5', '--markup-for', 'cus_a=0', '--markup-for', 'cus_b=7']);
    expect(done).toMatchObject({
      code: 0,
      stderr: '',
      stdout: trial.stdout.replace('12.5 % added.', '12.5 % added (0 % for cus_a, 7 % for cus_b).'),
    });
    expect(await view()).toMatchObject({
      inForce: { fromMs: 0, plan: { kind: 'cost' } },
      next: { plan: { kind: 'tokens', markupPercent: 12.5, customerMarkupPercent: { cus_a: 0, cus_b: 7 } } },
    });
    await run(['set', '--markup-for', 'cus_a=default']);
    expect((await view()).next?.plan.customerMarkupPercent).toEqual({ cus_b: 7 });
    engine.clock.putAhead(60_000);
    expect((await run([])).stdout).toMatch(/^Tokens, since .* UTC\..*\n\nBefore:\n/s);
    expect((await run(['set', 'tokens'])).stdout).toBe('That is the plan already; nothing is changed.\n');
  });

  it('dates a change in the ledger where no engine runs, and in the file alone where there is no ledger yet', async () => {
    await engine.stop();
    const set = await run(['set', 'tokens-by-model', '--event-prefix', 'ours']);
    expect(set).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(join(engine.home, 'lock.json'))).toBe(false);
    const { next } = await view();
    expect(next).toMatchObject({ plan: { kind: 'tokens-by-model', eventPrefix: 'ours' } });
    await engine.start();
    expect((await view()).next).toEqual(next);

    expect((await run(['set', 'tokens'], fresh)).stdout).toMatch(/^Calls that start from the beginning on are/);
    expect(await view(fresh)).toMatchObject({
      plans: [],
      inForce: { fromMs: 0, plan: { kind: 'tokens' } },
      next: null,
    });
  });

  it('says what is wrong with what it is given, and changes nothing', async () => {
    for (const isRunning of [true, false]) {
      if (!isRunning) await engine.stop();
      expect(await run(['set', 'bitcoin'])).toMatchObject({
        code: 2,
        stdout: '',
        stderr: 'There is no plan "bitcoin". Name cost, tokens or tokens-by-model.\n',
      });
      expect((await run(['set', '--markup', '1,5'])).stderr).toMatch(/^--markup is no percentage: "1,5"\./);
      expect((await run(['set', '--markup-for', 'webshop=5'])).stderr).toMatch(
        /"webshop" is no Stripe customer\. Give a Stripe customer \(cus_…\)/,
      );
      expect((await run(['set'])).stderr).toMatch(/^Nothing is said that could be set\./);
      expect((await run(['set', '--event-name', 'tollkeeper_tokens_x'])).stderr).toMatch(/^eventName: /);
    }
    expect(settings().plan).toBeUndefined();
    await engine.start();
  });
});
