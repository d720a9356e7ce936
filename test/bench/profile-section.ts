/**
 * What the time of a call goes into: the engine under load with V8's sampling profiler on, its proxy's thread told by parts. The profiler itself costs a
 * fifth, so the sum is more than a call takes without it (section throughput); the shares are what this is for.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { plainLoad } from './comparison.ts';
import { paragraphs, table } from './markdown.ts';
import { withProcesses } from './processes.ts';
import { timeByPart, type CpuProfile } from './profile-parts.ts';
import type { Measure } from './section.ts';
import { fixed } from './statistics.ts';
import { startTollkeeper, startUpstream } from './targets.ts';

const calls = { json: 20_000, stream: 8_000 };
/** Microseconds between samples. */
const intervalUs = 200;

export const measureProfile: Measure = ({ say }) =>
  withProcesses(async (processes) => {
    const upstream = await startUpstream(processes);
    const measure = async (kind: 'json' | 'stream') => {
      const folder = processes.newFolder();
      const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${intervalUs}`];
      const engine = await startTollkeeper(processes, { home: processes.newFolder(), upstream, flags });
      const { port, headers } = engine;
      await processes.applyLoad({ ...plainLoad, kind, port, headers, until: { calls: calls[kind] } });
      await processes.stop(engine.started);
      say(`profile, ${kind}: ${calls[kind]} calls`);
      return new Map(timeByPart(readMainThread(folder)).map(([part, us]) => [part, us / calls[kind]]));
    };
    const [json, stream] = [await measure('json'), await measure('stream')];
    const rows = [...json].map(([part, us]) => [part, fixed(us, 0), fixed(stream.get(part) ?? 0, 0)]);
    const sum = (parts: ReadonlyMap<string, number>) => fixed(sumOf([...parts.values()]), 0);
    return {
      title: 'What the time goes into',
      body: paragraphs(
        `Microseconds of the proxy's thread for each call at 16 connections, by V8's profiler (a sample each ${intervalUs} µs), which makes all of it a fifth ` +
          "slower. What Node and V8 do stands with the part that asked for it, sockets by themselves. The ledger's own thread, the disk's and the " +
          "collector's helpers work beside it. A start's work is spread over the calls.",
        table(['', 'JSON', 'stream of 200 deltas'], [...rows, ['together', sum(json), sum(stream)]]),
      ),
    };
  });

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Node names the file CPU.day.time.process.thread.number.cpuprofile; the main thread is 0. */
function readMainThread(folder: string): CpuProfile {
  const name = readdirSync(folder).find((file) => /^CPU\.\d+\.\d+\.\d+\.0\./.test(file));
  if (name === undefined) throw new Error('the engine left no profile of its main thread');
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile;
}
