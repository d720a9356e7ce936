/** One writer per home folder, as commands find it: who comes second is told who is first and what to do; who only reads is not in the way. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readLockHolder } from '../../main/system/home-lock.ts';
import { makeLedgerFolder, settleCalls } from '../kit/ledger-folder.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
let home: string;
let holder: ChildProcess | null = null;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-writer-'));
  const ledger = await makeLedgerFolder(home).open();
  await settleCalls(ledger, ['call_1']);
  await ledger.close();
  writeFileSync(join(home, 'export.jsonl'), '');
});

afterEach(() => {
  holder?.kill('SIGKILL');
  rmSync(home, { recursive: true });
});

async function hold(purpose: string): Promise<void> {
  holder = spawn(process.execPath, [join(import.meta.dirname, '../kit/hold-home.ts'), home, purpose], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdin, stdout } = holder;
  if (!stdin || !stdout) throw new Error('the process has pipes');
  await once(stdout, 'data');
  stdin.write('take\n');
  const [answer] = (await once(stdout, 'data')) as [Buffer];
  expect(answer.toString()).toContain('held');
}

function run(...args: string[]) {
  const env = { PATH: process.env['PATH'], HOME: home, TZ: 'UTC' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args, '--home', home], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

const serve = ['serve', '--json', '--port', '0', '--ui-port', '0'];
const importing = ['import', 'ledger', 'export.jsonl'];

describe('while a command writes the ledger', () => {
  it('an engine and other commands that write are refused, with who it is and what to do', async () => {
    await hold('import');
    for (const args of [
      serve,
      ['import', 'ledger', join(home, 'export.jsonl')],
      ['sync', 'now'],
      ['prices', 'reset'],
    ]) {
      const { status, stderr } = run(...args);
      expect(stderr).toMatch(
        /^`tollkeeper import` is writing this home folder's ledger \(process \d+, since .*\)\. Wait until it is done and try again/,
      );
      expect(stderr).toContain(`process ${holder?.pid}`);
      expect(status).toBe(3);
    }
  });

  it('commands that only read are not in its way', async () => {
    await hold('import');
    expect(run('verify')).toMatchObject({ status: 0, stdout: '1 call: everything adds up.\n' });
    expect(run('report', '--json').status).toBe(0);
    expect(run('export').stdout).toContain('"call_1"');
  });
});

describe('a command that writes', () => {
  it('goes on at once where the last writer was killed, and leaves the folder free', async () => {
    await hold('the engine');
    const exited = once(holder ?? process, 'exit');
    holder?.kill('SIGKILL');
    await exited;
    expect(readLockHolder(home)).toMatchObject({ purpose: 'the engine' });
    expect(run(...importing.slice(0, 2), join(home, 'export.jsonl')).status).toBe(0);
    expect(readLockHolder(home)).toBeNull();
  });

  it('waits for nobody who is starting: it is told to try again', async () => {
    await hold('the engine');
    rmSync(join(home, 'lock.json'));
    expect(run('sync', 'now').stderr).toContain(
      'Another Tollkeeper is starting on this home folder. Try again in a moment',
    );
  });
});
