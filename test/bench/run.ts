/**
 * `npm run bench`: how fast the metered, durable proxy is against a bare `node:http` pipe and a bare undici pipe, as ratios in one run.
 * Rounds take turns (A B C, A B C…), so a machine that drifts drifts for all. Every process is its own; nothing is asserted here.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

import { applyLoad, type LoadResult } from './load.ts';

const rounds = Number(process.argv[2] ?? 5);
const secondsPerRound = 3;
const connections = 16;
const home = mkdtempSync(join(tmpdir(), 'tollkeeper-bench-'));
const children: ChildProcess[] = [];

async function start(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return line.toString().trim();
}

const here = (file: string) => join(import.meta.dirname, file);
const upstreamPort = Number(await start(here('upstream.ts')));
const upstream = `http://127.0.0.1:${upstreamPort}`;
const serve = [
  join(import.meta.dirname, '../../main/cli.ts'),
  'serve',
  '--json',
  '--home',
  home,
  '--port',
  '0',
  '--ui-port',
  '0',
  '--upstream',
  upstream,
];
const tollkeeper = JSON.parse(await start(...serve)) as { proxy: string };
const targets = {
  direct: upstreamPort,
  'node:http pipe': Number(await start(here('pipe.ts'), 'http', String(upstreamPort))),
  'undici pipe': Number(await start(here('pipe.ts'), 'undici', String(upstreamPort))),
  tollkeeper: Number(new URL(tollkeeper.proxy).port),
};

type Name = keyof typeof targets;
const names = Object.keys(targets) as Name[];

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const at = (values: readonly number[], share: number) =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
const median = (values: readonly number[]) => at(values, 0.5);
const spread = (values: readonly number[]) => `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;

async function compare(title: string, isStream: boolean, goal: number): Promise<void> {
  const results = Object.fromEntries(names.map((name) => [name, [] as LoadResult[]])) as Record<Name, LoadResult[]>;
  for (const name of names) await applyLoad({ port: targets[name], connections, seconds: 1, isStream });
  for (let round = 0; round < rounds; round++) {
    for (const name of names)
      results[name].push(await applyLoad({ port: targets[name], connections, seconds: secondsPerRound, isStream }));
  }
  console.log(`\n${title}, ${connections} connections, ${rounds} rounds of ${secondsPerRound} s`);
  for (const name of names) {
    const rates = results[name].map(({ requestsPerSecond }) => requestsPerSecond);
    const ratios = rates.map(
      (rate, round) => rate / (results['node:http pipe'][round]?.requestsPerSecond ?? Number.NaN),
    );
    const latencies = results[name].flatMap(({ latenciesMs }) => latenciesMs);
    const line = [
      name.padEnd(15),
      `${median(rates).toFixed(0).padStart(6)} calls/s`,
      `ratio ${median(ratios).toFixed(2)} (${spread(ratios)})`,
    ];
    console.log(
      `  ${[...line, `p50 ${at(latencies, 0.5).toFixed(2)} ms, p99 ${at(latencies, 0.99).toFixed(2)} ms`].join('   ')}`,
    );
  }
  const own = results.tollkeeper.map(
    ({ requestsPerSecond }, round) =>
      requestsPerSecond / (results['node:http pipe'][round]?.requestsPerSecond ?? Number.NaN),
  );
  const room =
    median(results.direct.map(({ requestsPerSecond }) => requestsPerSecond)) /
    median(results.tollkeeper.map(({ requestsPerSecond }) => requestsPerSecond));
  console.log(
    `  tollkeeper / node:http pipe: ${median(own).toFixed(2)} (goal ${goal.toFixed(1)}); the upstream alone does ${room.toFixed(1)} times as many`,
  );
}

try {
  const [cpu] = cpus();
  console.log(
    `${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}`,
  );
  console.log(
    'tollkeeper: every call begun on disk (WAL, FULL) before it leaves, settled with charge lines and rollup; the others meter nothing.',
  );
  await compare('JSON calls', false, 1.0);
  await compare('Streamed calls of 200 deltas', true, 1.2);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
}
