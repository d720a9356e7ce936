/** What the commands print of a ledger that has lived: every total with what is not in it, why, and what is to be settled. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { seedHome, unknownModel } from '../kit/seeded-home.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const home = mkdtempSync(join(tmpdir(), 'tollkeeper-unpriced-'));
const month = new Date().toISOString().slice(0, 7);

function spawn(folder: string, ...args: string[]) {
  return spawnSync(process.execPath, [cli, ...args, '--home', folder], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: folder, TZ: 'UTC' },
  });
}

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawn(home, ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

beforeAll(() => {
  // In the middle of the month, so that the last hours of the ledger never lie in another one.
  seedHome({ home, nowMs: Date.parse(`${month}-15T12:00:00Z`), calls: 60 });
});
afterAll(() => rmSync(home, { recursive: true }));

describe('report', () => {
  it('says in the total, in each row and by reason what has no price', () => {
    const text = run('report', '--month', month);
    expect(text).toMatch(new RegExp(`^${month} \\(UTC\\): \\$\\d+\\.\\d\\d \\+ 48 calls unpriced, \\d+ calls\\n`));
    expect(text).toMatch(/^moonshot +unpriced +14 +14 /m);
    expect(text).not.toContain('$0.0000');
    expect(text).toContain('48 calls unpriced, in no sum above:');
    expect(text).toMatch(
      new RegExp(`^- 41: The model ${unknownModel} is not in price book .* put a price file in force`, 'm'),
    );
    expect(text).toMatch(/^- 5: Priority tier is priced by contract/m);
  });

  it('says which batches wait, while their results can be fetched', () => {
    // Seeded in the middle of the month: at its end they may be 15 days old, which is within the 29.
    const json = JSON.parse(run('report', '--month', month, '--json')) as {
      pendingBatches: { requests: number }[];
      unpricedReasons: { calls: number }[];
    };
    expect(json.unpricedReasons.map(({ calls }) => calls)).toEqual([41, 5, 1, 1]);
    expect(json.pendingBatches.map(({ requests }) => requests)).toEqual([1_200, 84]);
    expect(run('report', '--month', month)).toContain(
      '2 batches wait for their results, 1,284 requests in all; 1 ended and can be fetched.',
    );
  });
});

describe('sync status', () => {
  it('says what is not billed for want of a price, and lists the differences to settle', () => {
    const text = run('sync', 'status');
    expect(text).toContain('48 calls of 1 customer unpriced, in no meter event until they have a price');
    expect(text).toMatch(
      /calls? (was|were) corrected after Stripe had been told, \$\d+\.\d{6} in all: adjusted by itself/,
    );
    expect(text).toMatch(/^call +customer +minute \(UTC\) +sent +due +difference$/m);
    expect(text).toMatch(/^call_seed_\d+ +cus_\w+ +\d{4}-/m);
  });
});

describe('verify and doctor', () => {
  it('say how many of the calls that add up have no price', () => {
    expect(run('verify')).toBe('111 calls, 48 of them unpriced: everything adds up.\n');
    expect(JSON.parse(run('verify', '--json'))).toMatchObject({ ok: true, calls: 111, unpricedCalls: 48 });
    expect(spawn(home, 'doctor').stdout).toContain('111 calls, 48 of them unpriced: everything adds up.');
  });
});

describe('export', () => {
  it('says beside its lines how many a sum of their costs leaves out, and the lines stay what they are', () => {
    const { status, stdout, stderr } = spawn(home, 'export');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { cost_nano_usd: number | null });
    expect(status).toBe(0);
    expect(lines.filter(({ cost_nano_usd }) => cost_nano_usd === null)).toHaveLength(48);
    expect(stderr).toBe(
      '48 of 111 calls are unpriced: their cost_nano_usd is null, a sum of the others leaves them out, and unpriced_reason says why.\n',
    );
    expect(spawn(home, 'export', '--format', 'csv').stderr).toMatch(
      /^48 of 111 calls are unpriced: their cost_nano_usd is empty/,
    );
  });

  it('has nothing to add where every call has a price', () => {
    expect(spawn(home, 'export', '--to', '2020-01-01')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});

describe('import', () => {
  it('says how many of the new calls have no price', () => {
    const other = join(home, 'other');
    const file = join(home, 'export.jsonl');
    writeFileSync(file, spawn(home, 'export').stdout);
    const ofLedger = spawn(other, 'import', 'ledger', file).stdout;
    expect(ofLedger).toMatch(
      /^111 lines: 111 new calls \(48 of them unpriced: `tollkeeper report` says why\), 0 known better/,
    );
    expect(spawn(other, 'import', 'ledger', file).stdout).toMatch(
      /^111 lines: 0 new calls, 0 known better now, 111 known already/,
    );

    const project = join(home, '.claude', 'projects', 'webshop');
    mkdirSync(project, { recursive: true });
    const usage = { input_tokens: 10, output_tokens: 3 };
    const message = { id: 'msg_unpriced', model: unknownModel, type: 'message', stop_reason: 'end_turn', usage };
    const line = { timestamp: `${month}-10T10:00:00Z`, type: 'assistant', uuid: 'line-1', message };
    writeFileSync(join(project, 'session.jsonl'), `${JSON.stringify(line)}\n`);
    const transcripts = spawn(other, 'import', 'claude-code', join(home, '.claude'), '--json').stdout;
    expect(JSON.parse(transcripts)).toMatchObject({ recorded: 1, unpriced: 1 });
  });
});
