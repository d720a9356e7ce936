/** How much later a delta of a stream arrives through Tollkeeper: the upstream writes one every few milliseconds with the instant inside it. */
import { compare, plainLoad, type Comparison } from './comparison.ts';
import { paragraphs, table } from './markdown.ts';
import { withProcesses } from './processes.ts';
import type { Measure } from './section.ts';
import { fixed, grouped, median, percentile } from './statistics.ts';
import { basePipeName, startPipe, startTollkeeper, startUpstream, tollkeeperName } from './targets.ts';

const connectionCounts = [1, 16, 128] as const;
/** A delta every 10 ms on each stream: 100 deltas a second, the pace of a fast model. */
const paceMs = 10;

export const measureChunkDelay: Measure = (options) =>
  withProcesses(async (processes) => {
    const upstream = await startUpstream(processes);
    const targets = [
      upstream,
      await startPipe(processes, 'http', upstream),
      await startPipe(processes, 'undici', upstream),
      await startTollkeeper(processes, { home: processes.newFolder(), upstream }),
    ];
    const measured: string[][] = [];
    for (const connections of connectionCounts) {
      const load = { ...plainLoad, kind: 'stream' as const, connections, paceMs, until: { seconds: 3 } };
      const label = `chunk delay, ${connections} streams`;
      measured.push(...rows(await compare({ processes, upstream, targets, load, label }, options), connections));
    }
    const head = ['', 'deltas', 'p50 ms', 'p99 ms', 'added to direct, p50', 'p99', 'added to the pipe, p50', 'p99'];
    return {
      title: 'Delay of a streamed chunk',
      body: paragraphs(
        `Milliseconds from the upstream's write of a delta to its arrival at the client. Every stream sends a delta each ${paceMs} ms; the ` +
          'instant of sending stands in the delta, and both ends read the same monotonic clock. The design sets no goal for it.',
        table(head, measured),
      ),
    };
  });

function rows(comparison: Comparison, connections: number): string[][] {
  const at = (name: string, share: number) =>
    median((comparison.rounds.get(name) ?? []).map(({ deltaDelayMs }) => percentile(deltaDelayMs, share)));
  return comparison.targets.map(({ name }) => {
    const deltas = (comparison.rounds.get(name) ?? []).reduce((sum, { deltaDelayMs }) => sum + deltaDelayMs.length, 0);
    const added = (to: string, share: number) =>
      name === tollkeeperName ? fixed(at(name, share) - at(to, share), 3) : '';
    return [
      `${connections} ${connections === 1 ? 'stream' : 'streams'}, ${name}`,
      grouped(deltas),
      fixed(at(name, 0.5), 3),
      fixed(at(name, 0.99), 3),
      added('direct', 0.5),
      added('direct', 0.99),
      added(basePipeName, 0.5),
      added(basePipeName, 0.99),
    ];
  });
}
