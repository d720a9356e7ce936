/** The engine as a process of its own, as `serve` starts it, for tests of what only a process can show: kills, disks, signals. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { liveSnapshotSchema, type LiveSnapshot } from '../../shared/contract/events.ts';

export type EngineProcess = {
  readonly proxyUrl: string;
  readonly live: () => Promise<LiveSnapshot>;
  /** The dashboard's API; throws with what it says when it refuses. */
  readonly ask: (method: 'GET' | 'POST', path: string, body?: object) => Promise<unknown>;
  /** What it has written to stderr so far. */
  readonly stderr: () => string;
  /** Waits until the gap on the dashboard is as asked for. */
  readonly gapIs: (isAsked: (gap: string | null) => boolean) => Promise<string | null>;
  /** The exit code of an orderly end. */
  readonly stop: () => Promise<number | null>;
  readonly kill: () => Promise<void>;
};

export type EngineProcessOptions = {
  readonly home: string;
  readonly upstream: string;
  readonly env?: Readonly<Record<string, string>>;
};

const cli = join(import.meta.dirname, '../../main/cli.ts');

/** @throws Error with what it wrote to stderr when it ends instead of starting. */
export async function startEngineProcess({ home, upstream, env = {} }: EngineProcessOptions): Promise<EngineProcess> {
  const flags = ['serve', '--json', '--home', home, '--port', '0', '--ui-port', '0', '--upstream', upstream];
  const child = spawn(process.execPath, [cli, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => {
    stderr += part.toString();
  });
  const line = JSON.parse(await firstLine(child, () => stderr)) as { proxy: string; dashboard: string };
  const dashboard = new URL(line.dashboard);
  const headers = { authorization: `Bearer ${dashboard.searchParams.get('token') ?? ''}` };
  const live = async () => {
    const answer = await fetch(`${dashboard.origin}/api/live`, { headers });
    return liveSnapshotSchema.parse(await answer.json());
  };
  const ask: EngineProcess['ask'] = async (method, path, body) => {
    const asked = { method, headers: { ...headers, 'content-type': 'application/json' } };
    const answer = await fetch(`${dashboard.origin}${path}`, {
      ...asked,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    return (await exited)[0];
  };
  return {
    proxyUrl: line.proxy,
    live,
    ask,
    stderr: () => stderr,
    gapIs: async (isAsked) => {
      for (;;) {
        const { gap } = await live();
        if (isAsked(gap)) return gap;
        await pause(50);
      }
    },
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
  };
}

function firstLine(child: ChildProcess, stderr: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString()));
    child.once('exit', (code) => reject(new Error(`serve ended with code ${code}: ${stderr()}`)));
  });
}
