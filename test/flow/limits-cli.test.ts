/** `tollkeeper limits`: beside a running engine, where a change holds for the next call, and where none runs. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { limitsSettingsViewSchema } from '../../shared/contract/limits-settings.ts';
import { questionOf, refusalOf, startLimitedEngine, textOf, type LimitedEngine } from '../kit/limits-far-side.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
let far: LimitedEngine;
beforeEach(async () => {
  far = await startLimitedEngine();
});
afterEach(() => far.close());

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, 'limits', ...args, '--home', far.engine.home],
      { env: { ...process.env, ...env } },
      (error, stdout, stderr) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

const call = (index: number) => far.client('/@alice').messages.create(questionOf(textOf(9_000, `question ${index}`)));
const file = () => join(far.engine.home, 'settings.json');

describe('tollkeeper limits', () => {
  it('shows and changes what holds in the running engine, for the next call', async () => {
    await call(1);
    const set = await run(['set', '--context', '5,000']);
    expect(set).toMatchObject({ code: 0, stderr: 'In force for the next call.\n' });
    expect(set.stdout).toMatch(/^context limit +5,000 tokens +about 6 pages of text$/m);
    await refusalOf(call(2));
    await run(['set', '--context', 'off']);
    await run(['budget', 'member:alice', '0.01', '--per', 'day']);
    expect((await refusalOf(call(3))).message).toContain('spend limit reached (daily;');
    const shown = await run([]);
    expect(shown.stdout).toMatch(/^context limit +none$/m);
    expect(shown.stdout).toMatch(/^the member alice +day +\$0\.01$/m);
    await run(['budget', 'member:alice', 'off', '--per', 'day']);
    await call(4);
    const view = limitsSettingsViewSchema.parse(JSON.parse((await run(['--json'])).stdout));
    expect(view.inForce.limits).toMatchObject({ contextLimitTokens: null, budgets: [] });
  });

  it('writes the file where no engine runs, and the next one goes by it', async () => {
    await far.engine.stop();
    const set = await run(['set', '--ceiling', '0.01']);
    expect(set).toMatchObject({ code: 0, stderr: 'In force from the next start on.\n' });
    expect(existsSync(join(far.engine.home, 'lock.json'))).toBe(false);
    expect((await run([])).stdout).toMatch(/^call ceiling +\$0\.01$/m);
    await far.engine.start();
    expect((await refusalOf(call(1))).message).toContain('the call ceiling of $0.01');
  });

  it('says what is wrong with what it is given, and changes nothing', async () => {
    const before = readFileSync(file(), 'utf8');
    for (const isRunning of [true, false]) {
      if (!isRunning) await far.engine.stop();
      expect(await run(['set', '--context', '5'])).toMatchObject({
        code: 2,
        stdout: '',
        stderr:
          'A context limit is a whole number from 1,000 to 10,000,000 tokens. Give one such as 150,000, or no limit.\n',
      });
      expect((await run(['set'])).code).toBe(2);
      expect((await run(['budget', 'robot', '5'])).code).toBe(2);
    }
    const set = await run(['set', '--context', '5000'], { TOLLKEEPER_CONTEXT_LIMIT: '60000' });
    expect(set).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('This is set by TOLLKEEPER_CONTEXT_LIMIT.') as string,
    });
    expect((await run([], { TOLLKEEPER_CONTEXT_LIMIT: '60000' })).stdout).toMatch(
      /^context limit +60,000 tokens +about 67 pages of text; set by TOLLKEEPER_CONTEXT_LIMIT$/m,
    );
    expect(readFileSync(file(), 'utf8')).toBe(before);
    await far.engine.start();
  });

  it('does not write over a file that cannot be used, with an engine and without', async () => {
    await run(['set', '--context', '5000']);
    writeFileSync(file(), '{ broken');
    const set = await run(['set', '--context', '7000']);
    expect(set).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('cannot be read as JSON') as string,
    });
    const shown = await run([]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^context limit +5,000 tokens/m);
    expect(shown.stderr).toContain('cannot be read as JSON. Correct the file');
    await far.engine.stop();
    expect((await run(['set', '--context', '7000'])).code).toBe(2);
    expect((await run([])).code).toBe(2);
    expect(readFileSync(file(), 'utf8')).toBe('{ broken');
    writeFileSync(file(), '{}');
    await far.engine.start();
  });
});
