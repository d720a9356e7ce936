/** What a bench sends its load to: the upstream itself, bare pipes, Tollkeeper, and Portkey's gateway as a peer. Each a process of its own. */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import { builtCli } from './build.ts';
import { installPortkey } from './portkey.ts';
import type { Processes, Started } from './processes.ts';

export type Target = {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** What a call to it has to carry besides. */
  readonly headers: Readonly<Record<string, string>>;
};
export type Engine = Target & { readonly dashboard: URL; readonly started: Started };

/** The pipe that ratios are made with. */
export const basePipeName = 'node:http pipe';
export const tollkeeperName = 'tollkeeper';

const here = (file: string) => join(import.meta.dirname, file);

/** The upstream alone: what load and upstream can do when nothing stands between them. */
export async function startUpstream({ start }: Processes): Promise<Target> {
  const { pid, firstLine } = await start([here('upstream.ts')]);
  return { name: 'direct', port: Number(firstLine), pid, headers: {} };
}

export async function startPipe({ start }: Processes, kind: 'http' | 'undici', upstream: Target): Promise<Target> {
  const { pid, firstLine } = await start([here('pipe.ts'), kind, String(upstream.port)]);
  return { name: kind === 'http' ? basePipeName : 'undici pipe', port: Number(firstLine), pid, headers: {} };
}

/** As in package.json's `start`. */
const engineFlags = ['--max-semi-space-size=16', '--heap-growing-percent=100'];

export type EngineWish = {
  readonly home: string;
  readonly upstream: Target;
  /** The program to run; the built one unless said otherwise. */
  readonly entry?: string;
  /** For Node, besides those that every engine gets. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

export async function startTollkeeper(
  { start }: Processes,
  { home, upstream, entry, flags = [], env }: EngineWish,
): Promise<Engine> {
  const cli = entry ?? (await builtCli());
  const ports = ['--port', '0', '--ui-port', '0'];
  const far = ['--upstream', `http://127.0.0.1:${upstream.port}`];
  const args = [...flags, ...engineFlags, cli, 'serve', '--json', '--home', home, ...ports, ...far];
  const started = await start(args, env);
  const { proxy, dashboard } = JSON.parse(started.firstLine) as { proxy: string; dashboard: string };
  return {
    name: tollkeeperName,
    port: Number(new URL(proxy).port),
    pid: started.pid,
    headers: {},
    dashboard: new URL(dashboard),
    started,
  };
}

/** A text instead of a target says why there is none. */
export async function startPortkey({ start }: Processes, upstream: Target): Promise<Target | string> {
  const installed = await installPortkey();
  if ('missing' in installed) return installed.missing;
  const port = await freePort();
  const { pid } = await start([installed.entry, `--port=${port}`, '--headless']);
  const headers = {
    'x-portkey-provider': 'anthropic',
    'x-portkey-custom-host': `http://127.0.0.1:${upstream.port}/v1`,
  };
  return { name: installed.name, port, pid, headers };
}

/** Portkey's gateway does not say which port it took. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
