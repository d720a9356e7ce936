/**
 * The processes of one section of a bench, and its folder: whatever is measured runs in a process of its own. All are ended, and the folder is
 * removed, when the section is done or fails. The folder stands in the checkout, so that the ledger is written to a real disk: a system's
 * temporary folder may be memory.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { LoadAnswer } from './load-process.ts';
import type { Load, LoadResult } from './load.ts';

export const root = join(import.meta.dirname, '../..');
export const cacheFolder = join(root, 'node_modules/.cache/tollkeeper-bench');

export type Started = { readonly pid: number; readonly firstLine: string; readonly child: ChildProcess };
export type Processes = {
  /** Runs Node with these arguments; resolves with the first whole line that it prints. `env`: besides what a shell has. */
  readonly start: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Started>;
  /** Ends one with SIGTERM and waits until it is gone. */
  readonly stop: (started: Started) => Promise<void>;
  /** A folder of its own for each call. */
  readonly newFolder: () => string;
  readonly applyLoad: (load: Load) => Promise<LoadResult>;
  readonly loadPid: () => number;
};

export async function withProcesses<T>(run: (processes: Processes) => Promise<T>): Promise<T> {
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(cacheFolder, 'run-'));
  const children: ChildProcess[] = [];
  const load = fork(join(import.meta.dirname, 'load-process.ts'), { serialization: 'advanced' });
  children.push(load);

  function start(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Started> {
    const env = { ...ownEnvironment(), ...more };
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
    children.push(child);
    return new Promise((resolve, reject) => {
      let text = '';
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code} before it said anything`)));
      child.stdout.on('data', (data: Buffer) => {
        if (text.includes('\n')) return;
        text += data.toString();
        const [firstLine = ''] = text.split('\n', 1);
        if (text.includes('\n')) resolve({ pid: child.pid ?? 0, firstLine, child });
      });
    });
  }

  async function applyLoad(wanted: Load): Promise<LoadResult> {
    load.send(wanted);
    const [answer] = (await once(load, 'message')) as [LoadAnswer];
    if ('failure' in answer) throw new Error(`load on port ${wanted.port}: ${answer.failure}`);
    return answer.result;
  }

  try {
    return await run({
      start,
      stop: async ({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGTERM');
        await once(child, 'exit');
      },
      newFolder: () => mkdtempSync(join(folder, 'home-')),
      applyLoad,
      loadPid: () => load.pid ?? 0,
    });
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Without what a shell may say to the product: a bench with somebody's Stripe key would bill its calls. */
const notPassedOn = /^(TOLLKEEPER|STRIPE|ANTHROPIC|CLAUDE|HTTPS?_PROXY|ALL_PROXY|NO_PROXY|NODE_OPTIONS)/i;

function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !notPassedOn.test(name)));
}
