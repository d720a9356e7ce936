/** What the commands print of a ledger that has lived: every total with what is not in it, why, and what is to be settled. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { seedHome, unknownModel } from '../kit/seeded-home.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
const home = mkdtempSync(join(tmpdir(), 'tollkeeper-unpriced-'));
const month = new Date().toISOString().slice(0, 7);

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args, '--home', home], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home, TZ: 'UTC' },
  });
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
    expect(text).toMatch(/calls? (was|were) corrected after Stripe had been told: \$\d+\.\d{6} to settle/);
    expect(text).toMatch(/^call +customer +minute \(UTC\) +sent +due +difference$/m);
    expect(text).toMatch(/^call_seed_\d+ +cus_\w+ +\d{4}-/m);
  });
});
