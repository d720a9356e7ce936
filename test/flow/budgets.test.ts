/** Budgets as clients meet them: they hold however many ask at once, over a restart, and refuse nobody before anything is spent. */
import Anthropic from '@anthropic-ai/sdk';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { questionOf, refusalOf, startLimitedEngine, textOf, type LimitedEngine } from '../kit/limits-far-side.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
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

/** What one of these calls costs (all of them with three digits, so that what is learnt of some holds for all), learnt by the engine as well, in the ledger of this home; in the pocket of somebody else. */
async function learnCost(): Promise<number> {
  far = await startLimitedEngine({ home });
  for (let index = 900; index < 903; index++) await far.client('/@carla/ops').messages.create(question(index));
  const rows = await far.engine.settled(3);
  await far.close();
  return Math.max(...rows.map(({ costNanoUsd }) => costNanoUsd ?? 0));
}

/** The export, as soon as it has so many calls. */
async function exportOf(calls: number) {
  await far.engine.settled(calls);
  return far.engine.exported();
}

/** Somebody else's call like this one, as their machine exports it. */
function teammateFile(line: object | undefined, member: string): string {
  const file = join(home, `${member}.jsonl`);
  const names = { id: `call_of_${member}`, member, message_id: `msg_${member}`, request_id: `req_${member}` };
  writeFileSync(file, `${JSON.stringify({ ...line, ...names })}\n`);
  return file;
}

const spentBy = async (whose: string) =>
  (await far.limits()).budgets.find((budget) => budget.whose === whose)?.spentNanoUsd ?? 0;

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
      Array.from({ length: 64 }, (_, index) => statusOf(alice.messages.create(question(100 + index)))),
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
    const [line] = await exportOf(1);
    await far.engine.post('/api/import/ledger', { path: teammateFile(line, 'bo') });

    await expect.poll(() => spentBy('bo')).toBe(line?.cost_nano_usd);
    expect(await spentBy('alice')).toBe(line?.cost_nano_usd);
    expect(await statusOf(far.client('/@bo').messages.create(question(2)))).toBe(429);
  });

  it('counts calls that are assigned afterwards, for whom they are then and not before', async () => {
    const limits = { budgets: [{ of: 'member' as const, per: 'day' as const, usd: 0.01 }] };
    far = await startLimitedEngine({ home, limits });
    await far.client().messages.create(question(1));
    await far.client().messages.create(question(2));
    const rows = await far.engine.settled(2);
    expect(await statusOf(far.client('/@carla').messages.create(question(3)))).toBe(200);
    expect(far.notices).toEqual([expect.stringContaining('the member carla')]);

    const which = { kind: 'client', client: rows[0]?.client ?? null };
    const answer = await far.engine.post('/api/assign', { which, member: 'bo', project: null });
    expect(answer).toMatchObject({ assigned: 2 });
    const spent = rows.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0), 0);
    await expect.poll(() => spentBy('bo')).toBe(spent);
    expect(far.notices.at(-1)).toMatch(/^100 % of the daily budget of the member bo is spent: \$0\.\d\d of \$0\.01\.$/);
    expect(await statusOf(far.client('/@bo').messages.create(question(4)))).toBe(429);
    expect(await statusOf(far.client().messages.create(question(5)))).toBe(200);
    expect(far.engine.verify().findings).toEqual([]);
  });
});

describe('the day of a budget', () => {
  it('is the team’s own, twenty-five hours long where the clocks go back, and the answer says when it ends', async () => {
    const limits = { budgets: [{ of: 'member' as const, per: 'day' as const, usd: 0.01 }] };
    // Half past eleven in the evening before the clocks of Berlin go back.
    const nowMs = Date.parse('2026-10-24T23:30:00+02:00');
    far = await startLimitedEngine({ home, limits, timeZone: 'Europe/Berlin', nowMs });
    const alice = far.client('/@alice');
    const untilReset = async (index: number) => {
      const error = await refusalOf(alice.messages.create(question(index)));
      expect(error.status).toBe(429);
      return { seconds: Number(error.headers?.get('retry-after')), sentence: error.message };
    };
    await alice.messages.create(question(1));
    const first = await untilReset(2);
    expect(first.sentence).toContain('(daily; resets 2026-10-25 00:00 Europe/Berlin)');
    expect(first.seconds).toBeGreaterThan(29 * 60);
    expect(first.seconds).toBeLessThanOrEqual(30 * 60);

    // In UTC it is the same day still; in Berlin the next has begun.
    far.clock.putAhead(45 * 60_000);
    await alice.messages.create(question(3));
    const second = await untilReset(4);
    expect(second.sentence).toContain('(daily; resets 2026-10-26 00:00 Europe/Berlin)');
    expect(second.seconds).toBeGreaterThan(24.7 * 3_600);
    expect(second.seconds).toBeLessThanOrEqual(24.75 * 3_600);
    await far.engine.restart();
    expect((await far.limits()).budgets).toMatchObject([
      { whose: 'alice', resetsAtMs: Date.parse('2026-10-26T00:00:00+01:00') },
    ]);
    far.clock.putAhead(24 * 3_600_000);
    expect(await statusOf(far.client('/@alice').messages.create(question(5)))).toBe(429);
    far.clock.putAhead(45 * 60_000);
    expect(await statusOf(far.client('/@alice').messages.create(question(6)))).toBe(200);
    expect(far.engine.verify().findings).toEqual([]);
  });
});

describe('what is reserved for a call', () => {
  const limits = { budgets: [{ of: 'team' as const, per: 'day' as const, usd: 100 }] };
  const reserved = async () => (await far.limits()).budgets[0]?.reservedNanoUsd;
  const isReserved = () => expect.poll(reserved).toBeGreaterThan(0);
  const stream = (signal?: AbortSignal) =>
    far
      .client()
      .messages.stream(question(1), signal ? { signal } : {})
      .on('error', () => {});

  it.each([
    ['an answer of 529', { status: 529 }],
    ['an answer of 400', { status: 400 }],
    ['an error in mid-stream', { overloadedAfterDeltas: 2 }],
    ['a connection that breaks in mid-stream', { cutAfterDeltas: 2 }],
  ])('ends with %s', async (_what, fault) => {
    far = await startLimitedEngine({ home, limits });
    far.anthropic.setFault(fault);
    await expect(stream().finalMessage()).rejects.toThrow();
    await expect.poll(reserved).toBe(0);
  });

  it('ends when its client leaves, before the first byte and in mid-stream', async () => {
    for (const fault of [{ isNeverAnswered: true }, { delayPerDeltaMs: 50 }]) {
      far = await startLimitedEngine({ home, limits });
      far.anthropic.setFault(fault);
      const leaving = new AbortController();
      const running = stream(leaving.signal);
      await isReserved();
      leaving.abort();
      await expect(running.finalMessage()).rejects.toThrow(/aborted/);
      await expect.poll(reserved).toBe(0);
      await far.close();
    }
    far = await startLimitedEngine({ home, limits });
  });

  it('ends when Anthropic cannot be reached', async () => {
    far = await startLimitedEngine({ home, limits });
    await far.anthropic.close();
    await expect(stream().finalMessage()).rejects.toThrow();
    await expect.poll(reserved).toBe(0);
  });
});

describe('a step of a budget', () => {
  it('that an import reaches is told once, on every channel, and not again after a restart', async () => {
    const limits = { budgets: [{ of: 'member' as const, per: 'month' as const, usd: 0.01 }] };
    far = await startLimitedEngine({ home, limits });
    await far.client('/@alice').messages.create(question(1));
    const [line] = await exportOf(1);
    const file = teammateFile(line, 'bo');
    for (let time = 0; time < 2; time++) {
      await far.engine.post('/api/import/ledger', { path: file });
      await expect.poll(() => spentBy('bo')).toBe(line?.cost_nano_usd);
    }
    const ofBo = () =>
      far.notices.filter((sentence) => sentence.includes('100 % of the monthly budget of the member bo'));
    expect(ofBo()).toHaveLength(1);
    const { budgetWarnings } = await far.live();
    expect(budgetWarnings.map(({ whose, percent }) => `${whose} ${percent}`)).toEqual(['bo 100', 'alice 100']);

    await far.engine.restart();
    expect((await far.live()).budgetWarnings).toEqual(budgetWarnings);
    await far.engine.post('/api/import/ledger', { path: teammateFile(line, 'carla') });
    await expect.poll(() => spentBy('carla')).toBe(line?.cost_nano_usd);
    expect(ofBo()).toHaveLength(1);
    expect(far.notices.at(-1)).toContain('the member carla');
  });

  it('that is reached while no engine runs is told by the next one', async () => {
    const limits = { budgets: [{ of: 'member' as const, per: 'month' as const, usd: 0.01 }] };
    far = await startLimitedEngine({ home, limits });
    await far.client('/@alice').messages.create(question(1));
    const [line] = await exportOf(1);
    const before = far.notices.length;
    await far.engine.stop();
    const { status, stdout } = spawnSync(
      process.execPath,
      [cli, 'import', 'ledger', teammateFile(line, 'bo'), '--home', home],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, stdout }).toMatchObject({ status: 0 });
    await far.engine.start();
    expect(far.notices.slice(before)).toEqual([expect.stringMatching(/^100 % of the monthly budget of the member bo/)]);
    expect((await far.live()).budgetWarnings).toMatchObject([{ whose: 'bo' }, { whose: 'alice' }]);
  });
});
