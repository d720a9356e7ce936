/** `tollkeeper allow`, as an answer to a refused call names it: beside a running engine, and where none runs. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { questionOf, refusalOf, startLimitedEngine, textOf, type LimitedEngine } from '../kit/limits-far-side.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
let far: LimitedEngine;
afterEach(() => far.close());

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

function run(...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args, '--home', far.engine.home], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

/** The words of the line that a refusal gives, behind `tollkeeper`. */
async function lineOf(call: Promise<unknown>): Promise<string[]> {
  const { message } = await refusalOf(call);
  const line = /tollkeeper (allow \S+ --for 1h)\./.exec(message)?.[1];
  if (line === undefined) throw new Error(`no line in: ${message}`);
  return line.split(' ');
}

const call = () => far.client().messages.create(questionOf(textOf(9_000)));

describe('the line of a refusal', () => {
  it('lets the conversation on at once where an engine runs, and --revoke takes that back', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const line = await lineOf(call());
    const allowed = await run(...line);
    expect(allowed).toMatchObject({ code: 0, stderr: '' });
    expect(allowed.stdout).toMatch(/^prompt_\S+ is let on past its limits until \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    await call();

    const revoked = await run('allow', line[1] ?? '', '--revoke', '--json');
    expect(JSON.parse(revoked.stdout)).toEqual({ conversation: line[1], letOn: null });
    await refusalOf(call());
  });

  it('holds for the next engine where none runs', async () => {
    far = await startLimitedEngine({ limits: { contextLimitTokens: 5_000 } });
    const line = await lineOf(call());
    await far.engine.stop();
    expect(await run('allow', line[1] ?? '', '--for', 'good')).toMatchObject({ code: 0, stderr: '' });
    await far.engine.start();
    await call();
    await far.engine.stop();
    expect((await run('allow', line[1] ?? '', '--revoke')).stdout).toContain('is held to its limits');
    await far.engine.start();
    await refusalOf(call());
  });

  it('with a name that no call has, or a time that is none, says so', async () => {
    far = await startLimitedEngine();
    const unknown = await run('allow', 'prompt_x');
    expect(unknown).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('No call of this conversation') as string,
    });
    expect(await run('allow', 'prompt_x', '--for', 'ever')).toMatchObject({
      code: 2,
      stderr:
        '"ever" is no time to let a conversation on for. Give one such as 30m, 1h or 2d (a year at most), or "good".\n',
    });
    expect((await run('allow', 'prompt_x', '--for', '1h', '--revoke')).code).toBe(2);
  });
});
