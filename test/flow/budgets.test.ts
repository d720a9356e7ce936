/** Budgets as clients meet them: they hold however many ask at once, over a restart, and refuse nobody before anything is spent. */
import Anthropic from '@anthropic-ai/sdk';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { questionOf, refusalOf, startLimitedEngine, textOf, type LimitedEngine } from '../kit/limits-far-side.ts';

let home: string;
let far: LimitedEngine;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-budgets-'));
});
afterEach(async () => {
  await far.close();
  rmSync(home, { recursive: true });
});

const question = (index: number) => questionOf(textOf(20_000, `question ${index}`));
const statusOf = (call: Promise<unknown>) =>
  call.then(
    () => 200,
    (error: unknown) => (error instanceof Anthropic.APIError ? error.status : error),
  );

/** What one of these calls costs, learnt by the engine as well, in the ledger of this home; in the pocket of somebody else. */
async function learnCost(): Promise<number> {
  far = await startLimitedEngine({ home });
  for (let index = 100; index < 103; index++) await far.client('/@carla/ops').messages.create(question(index));
  const rows = await far.engine.settled(3);
  await far.close();
  return Math.max(...rows.map(({ costNanoUsd }) => costNanoUsd ?? 0));
}

const cents = (nanoUsd: number) => Math.ceil(nanoUsd / 10_000_000) / 100;

describe('64 calls at once against a budget with room for ten', () => {
  it('let ten through, and none after them, over a restart too', { timeout: 60_000 }, async () => {
    const cost = await learnCost();
    const limits = {
      budgets: [{ of: 'member' as const, name: 'alice', per: 'day' as const, usd: cents(cost * 10.4) }],
    };
    far = await startLimitedEngine({ home, limits });
    const alice = far.client('/@alice/webshop');
    const statuses = await Promise.all(
      Array.from({ length: 64 }, (_, index) => statusOf(alice.messages.create(question(index)))),
    );
    const through = statuses.filter((status) => status === 200).length;
    expect(through).toBeGreaterThanOrEqual(9);
    expect(through).toBeLessThanOrEqual(11);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(far.anthropic.served()).toHaveLength(through);

    await far.engine.settled(3 + 64);
    const spent = far.engine
      .exported()
      .filter(({ member }) => member === 'alice')
      .reduce((sum, { cost_nano_usd: nanoUsd }) => sum + (nanoUsd ?? 0), 0);
    const [budget] = (await far.limits()).budgets;
    expect(budget).toMatchObject({ of: 'member', whose: 'alice', spentNanoUsd: spent, reservedNanoUsd: 0 });

    await far.engine.restart();
    expect((await far.limits()).budgets[0]).toMatchObject({ spentNanoUsd: spent, reservedNanoUsd: 0 });
    for (let index = 200; index < 203; index++)
      expect(await statusOf(far.client('/@alice/webshop').messages.create(question(index)))).toBe(429);
    expect(await statusOf(far.client('/@bo/webshop').messages.create(question(300)))).toBe(200);
    expect(far.engine.verify().findings).toEqual([]);
  });
});

describe('a budget', () => {
  it('refuses nobody at $0 spent, and when it is spent says until when, once', async () => {
    const limits = { budgets: [{ of: 'project' as const, per: 'day' as const, usd: 0.01 }] };
    far = await startLimitedEngine({ home, limits });
    const shop = far.client('/@alice/webshop', { maxRetries: 2 });
    await shop.messages.create(question(1));
    const error = await refusalOf(shop.messages.create(question(2)));

    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    expect(error.headers?.get('x-should-retry')).toBe('false');
    const seconds = Number(error.headers?.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(86_400);
    expect(error.message).toMatch(
      /"type":"billing_error","message":"spend limit reached \(daily; resets \d{4}-\d\d-\d\d 00:00 UTC\)\. The budget of \$0\.01 of the project webshop is spent: \$0\.\d\d\./,
    );
    expect(await far.engine.settled(2)).toHaveLength(2);
    expect(await statusOf(far.client('/@alice/research').messages.create(question(3)))).toBe(200);
  });

  it('warns at its steps, on the screen, and ends its reservations when calls fail', async () => {
    const limits = { budgets: [{ of: 'team' as const, per: 'month' as const, usd: 1_000 }] };
    far = await startLimitedEngine({ home, limits });
    far.anthropic.setFault({ status: 529 });
    expect(await statusOf(far.client().messages.create(question(1)))).toBe(529);
    expect((await far.limits()).budgets).toMatchObject([
      { of: 'team', whose: null, spentNanoUsd: 0, reservedNanoUsd: 0 },
    ]);
    await far.close();

    far = await startLimitedEngine({ home, limits: { budgets: [{ of: 'team', per: 'day', usd: 0.01 }] } });
    await far.client().messages.create(question(2));
    await far.engine.settled(2);
    const { budgetWarnings } = await far.live();
    expect(budgetWarnings).toMatchObject([{ of: 'team', per: 'day', percent: 100 }]);
    expect(budgetWarnings[0]?.sentence).toMatch(
      /^100 % of the daily budget of the team is spent: \$0\.\d\d of \$0\.01\.$/,
    );
  });

  it('begins anew with the day', async () => {
    const limits = { budgets: [{ of: 'member' as const, per: 'day' as const, usd: 0.01 }] };
    far = await startLimitedEngine({ home, limits });
    const alice = far.client('/@alice');
    await alice.messages.create(question(1));
    expect(await statusOf(alice.messages.create(question(2)))).toBe(429);
    far.clock.putAhead(86_400_000);
    expect(await statusOf(alice.messages.create(question(3)))).toBe(200);
  });

  it('counts what other sources tell', async () => {
    const limits = { budgets: [{ of: 'member' as const, per: 'month' as const, usd: 0.01 }] };
    far = await startLimitedEngine({ home, limits });
    await far.client('/@alice').messages.create(question(1));
    await far.engine.settled(1);
    const [line] = far.engine.exported();
    const told = { ...line, id: 'call_of_a_teammate', member: 'bo', message_id: 'msg_other', request_id: 'req_other' };
    const file = join(home, 'bo.jsonl');
    writeFileSync(file, `${JSON.stringify(told)}\n`);
    await far.engine.post('/api/import/ledger', { path: file });

    const spentBy = async (whose: string) =>
      (await far.limits()).budgets.find((budget) => budget.whose === whose)?.spentNanoUsd ?? 0;
    await expect.poll(() => spentBy('bo')).toBe(line?.cost_nano_usd);
    expect(await spentBy('alice')).toBe(line?.cost_nano_usd);
    expect(await statusOf(far.client('/@bo').messages.create(question(2)))).toBe(429);
  });
});
