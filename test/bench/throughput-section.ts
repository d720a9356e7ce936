/** Throughput at 16 connections against bare pipes that meter nothing and a peer that stores nothing: JSON calls, and streams of 200 deltas. */
import { compare, plainLoad, ratesOf, ratiosOf, roomSentence, type Comparison } from './comparison.ts';
import { goalSentence, paragraphs, table } from './markdown.ts';
import { withProcesses } from './processes.ts';
import type { Measure } from './section.ts';
import { fixed, grouped, median, percentile, withSpread } from './statistics.ts';
import { basePipeName, startPipe, startPortkey, startTollkeeper, startUpstream, tollkeeperName } from './targets.ts';

const goals = { json: 1.0, stream: 1.2 };

export const measureThroughput: Measure = (options) =>
  withProcesses(async (processes) => {
    const upstream = await startUpstream(processes);
    const portkey = await startPortkey(processes, upstream);
    const targets = [
      upstream,
      await startPipe(processes, 'http', upstream),
      await startPipe(processes, 'undici', upstream),
      await startTollkeeper(processes, { home: processes.newFolder(), upstream }),
      ...(typeof portkey === 'string' ? [] : [portkey]),
    ];
    const run = (kind: 'json' | 'stream') =>
      compare({ processes, upstream, targets, load: { ...plainLoad, kind }, label: `throughput, ${kind}` }, options);
    const json = await run('json');
    const stream = await run('stream');
    return {
      title: 'Throughput',
      body: paragraphs(
        'Calls a second at 16 connections, each sending its next call when the last is answered. Through Tollkeeper every call is begun on the ' +
          'disk (WAL, `synchronous=FULL`) before it leaves and settled with its charge lines, its rollup and, for half of the projects, its ' +
          'share of the bill; the others write nothing. The ratio is to the `node:http` pipe of the same round: median, lowest and highest.',
        `### JSON calls\n\n${rows(json)}`,
        goal(json, 'JSON calls, Tollkeeper to the `node:http` pipe', goals.json),
        roomSentence(json, 'undici pipe'),
        `### Streamed calls of 200 deltas\n\n${rows(stream)}`,
        goal(stream, 'streamed calls, Tollkeeper to the `node:http` pipe', goals.stream),
        roomSentence(stream, 'undici pipe'),
        typeof portkey === 'string' ? portkey : null,
      ),
    };
  });

function rows(comparison: Comparison): string {
  return table(
    ['', 'calls/s', 'ratio', 'p50 ms', 'p99 ms', 'processor µs per call'],
    comparison.targets.map(({ name }) => {
      const measured = comparison.rounds.get(name) ?? [];
      const wholeMs = measured.flatMap((round) => [...round.wholeMs]);
      const ratios = ratiosOf(comparison, name);
      const ownUs = median(measured.map(({ processorUs }) => processorUs?.target ?? Number.NaN));
      return [
        name,
        grouped(median(ratesOf(comparison, name))),
        name === basePipeName ? '1' : withSpread(ratios, 2),
        fixed(percentile(wholeMs, 0.5), 2),
        fixed(percentile(wholeMs, 0.99), 2),
        fixed(ownUs, 0),
      ];
    }),
  );
}

function goal(comparison: Comparison, what: string, atLeast: number): string {
  const ratios = ratiosOf(comparison, tollkeeperName);
  const reached = withSpread(ratios, 2);
  return goalSentence({ what, goal: `at least ${atLeast.toFixed(1)}`, reached, isMet: median(ratios) >= atLeast });
}
