/** Memory of the whole engine process (proxy, ledger's writer and reader) while 200,000 calls pass, sampled every 10,000. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { plainLoad } from './comparison.ts';
import { goalSentence, paragraphs, table } from './markdown.ts';
import { withProcesses } from './processes.ts';
import type { Measure } from './section.ts';
import { fixed, grouped, slopeOf } from './statistics.ts';
import { startTollkeeper, startUpstream } from './targets.ts';

const step = 10_000;
const lastCall = 200_000;
const goalMegabytes = 150;
/** Less than this over the whole run is called flat: a thirtieth of the goal. */
const flatMegabytes = 5;

type Sample = { readonly calls: number; readonly megabytes: number };

export const measureMemory: Measure = ({ say }) =>
  withProcesses(async (processes) => {
    const upstream = await startUpstream(processes);
    const { port, pid } = await startTollkeeper(processes, { home: processes.newFolder(), upstream });
    const atStart = residentMegabytes(pid);
    const samples: Sample[] = [];
    for (let calls = step; calls <= lastCall; calls += step) {
      const load = { ...plainLoad, kind: 'mixed' as const, port, headers: {}, until: { calls: step } };
      await processes.applyLoad(load);
      samples.push({ calls, megabytes: residentMegabytes(pid) });
      say(`memory, call ${grouped(calls)}: ${fixed(residentMegabytes(pid), 0)} MB`);
    }
    return { title: 'Memory', body: paragraphs(describe(atStart, samples), partsOf(pid)) };
  });

function describe(atStart: number, samples: readonly Sample[]): string {
  const most = Math.max(...samples.map(({ megabytes }) => megabytes));
  const slope = slopeOf(samples.map(({ calls, megabytes }) => ({ x: calls / step, y: megabytes })));
  const half = samples.slice(samples.length / 2);
  const laterSlope = slopeOf(half.map(({ calls, megabytes }) => ({ x: calls / step, y: megabytes })));
  const growth = laterSlope * (half.length - 1);
  const shown = samples.filter(({ calls }) => calls === step || calls % 40_000 === 0);
  return paragraphs(
    'Resident memory (`VmRSS`) of the engine process as a whole, under 16 connections of which half stream; a megabyte is 10^6 bytes.',
    table(
      ['at the start', ...shown.map(({ calls }) => `call ${grouped(calls)}`), 'highest'],
      [
        [
          `${fixed(atStart, 0)} MB`,
          ...shown.map(({ megabytes }) => `${fixed(megabytes, 0)} MB`),
          `${fixed(most, 0)} MB`,
        ],
      ],
    ),
    `It grows by ${fixed(slope, 2)} MB for every 10,000 calls over the whole run, and by ${fixed(laterSlope, 2)} MB over its second half.`,
    goalSentence({
      what: 'memory of the engine under load',
      goal: `at most ${goalMegabytes} MB`,
      reached: `${fixed(most, 0)} MB at the highest`,
      isMet: most <= goalMegabytes,
    }),
    goalSentence({
      what: 'memory from call 100,000 to call 200,000',
      goal: `flat (less than ${flatMegabytes} MB)`,
      reached: `${fixed(growth, 1)} MB`,
      isMet: growth < flatMegabytes,
    }),
  );
}

/** What it is made of at the end, where the kernel tells: a program's own pages are shared by all processes that run it. */
function partsOf(pid: number): string {
  if (process.platform !== 'linux') return '';
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string) =>
    fixed((Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1_024) / 1e6, 0);
  return `At the end ${megabytes('RssFile')} MB of it are pages of Node’s program and of libraries, mapped from their files and shared with whatever else runs them; ${megabytes('RssAnon')} MB are its own: the heaps of its threads, buffers, and SQLite’s pages.`;
}

/** The kernel's figure where there is /proc, else what `ps` says (KiB both). */
function residentMegabytes(pid: number): number {
  const kibibytes =
    process.platform === 'linux'
      ? /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return (Number(kibibytes) * 1_024) / 1e6;
}
