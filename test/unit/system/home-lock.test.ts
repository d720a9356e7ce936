/** The lock of a home folder: who gets it, when it is stale, and that any number who ask at once get it once. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { lockFileName, lockHolderFileName, readLockHolder, takeHomeLock } from '../../../main/system/home-lock.ts';
import { isSameProcess, processStart } from '../../../main/system/process-start.ts';

let home: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(home, { recursive: true });
});

type Asker = { readonly child: ChildProcess; readonly ask: () => Promise<string> };

async function startAsker(): Promise<Asker> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../kit/hold-home.ts'), home], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  const ask = async () => {
    const answered = once(child.stdout, 'data') as Promise<[Buffer]>;
    child.stdin.write('take\n');
    return (await answered)[0].toString().trim().split(' ')[0] ?? '';
  };
  return { child, ask };
}

async function end({ child }: Asker, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

const take = () => takeHomeLock(home, 'import', 5);
const held = () => {
  const answer = take();
  if (answer.kind !== 'held') throw new Error('the lock is taken');
  return answer.lock;
};

describe('the lock of a home folder', () => {
  it('is given once, names its holder, and is free again when it is let go', () => {
    const lock = held();
    expect(lock.killedHolder).toBeNull();
    const me = { pid: process.pid, processStart: processStart(process.pid), purpose: 'import', sinceMs: 5 };
    expect(readLockHolder(home)).toEqual(me);
    expect(take()).toEqual({ kind: 'taken', holder: me });

    lock.release();
    lock.release();
    expect(existsSync(join(home, lockHolderFileName))).toBe(false);
    held().release();
  });

  it('of a process that was killed is free, and says who held it', async () => {
    const asker = await startAsker();
    expect(await asker.ask()).toBe('held');
    expect(take()).toMatchObject({ kind: 'taken', holder: { pid: asker.child.pid, purpose: 'the engine' } });
    await end(asker, 'SIGKILL');
    const lock = held();
    expect(lock.killedHolder).toMatchObject({ pid: asker.child.pid, purpose: 'the engine' });
    lock.release();
  });

  it('that is stale goes to exactly one of eight processes that ask at the same moment', async () => {
    // The last holder was killed, and its process id belongs to another one by now: this test's.
    writeFileSync(
      join(home, lockHolderFileName),
      JSON.stringify({ pid: process.pid, processStart: 'another boot 1', purpose: 'the engine', sinceMs: 0 }),
    );
    const askers = await Promise.all(Array.from({ length: 8 }, startAsker));
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(askers.map(({ ask }) => ask()));
      expect(answers.filter((answer) => answer === 'held')).toHaveLength(round === 0 ? 1 : 0);
      expect(answers.filter((answer) => answer === 'taken')).toHaveLength(round === 0 ? 7 : 8);
    }
  }, 60_000);

  it.runIf(process.platform === 'linux')(
    'is not given while a holder runs whose lock file somebody deleted (Linux: elsewhere no start of a process can be read)',
    async () => {
      const asker = await startAsker();
      expect(await asker.ask()).toBe('held');
      rmSync(join(home, lockFileName));
      expect(take()).toMatchObject({ kind: 'taken', holder: { pid: asker.child.pid } });
    },
  );
});

describe('a process', () => {
  it.runIf(process.platform === 'linux')('is told from a later one of the same id by its start (Linux)', () => {
    const start = processStart(process.pid);
    expect(start).toMatch(/^[0-9a-f-]{36} \d+$/);
    expect(isSameProcess(process.pid, start)).toBe(true);
    expect(isSameProcess(process.pid, `${start}0`)).toBe(false);
  });

  it('that does not exist is none, and one whose start is not known is believed', () => {
    expect(isSameProcess(2 ** 22 + 1, null)).toBe(false);
    expect(isSameProcess(process.pid, null)).toBe(true);
    expect(processStart(2 ** 22 + 1)).toBeNull();
  });
});
