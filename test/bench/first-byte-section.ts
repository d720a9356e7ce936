/**
 * Time to first byte, added: through Tollkeeper minus direct, and minus the bare pipe, at the same percentile. The durable begin is in it.
 * Closed loop says what a full machine does; at a fixed rate, what a call on a machine with room feels.
 */
import { compare, plainLoad, type Comparison } from './comparison.ts';
import { goalSentence, paragraphs, table } from './markdown.ts';
import { withProcesses } from './processes.ts';
import type { Measure, MeasureOptions } from './section.ts';
import { fixed, median, percentile } from './statistics.ts';
import { basePipeName, startPipe, startTollkeeper, startUpstream, tollkeeperName } from './targets.ts';

const connectionCounts = [1, 16, 128] as const;
const ratePerSecond = 500;
const percentiles = [0.5, 0.95, 0.99] as const;
const goalsMs = { p50: 0.5, p99: 3 };

type Row = { readonly connections: number; readonly comparison: Comparison };

export const measureFirstByte: Measure = (options) =>
  withProcesses(async (processes) => {
    const upstream = await startUpstream(processes);
    const targets = [
      upstream,
      await startPipe(processes, 'http', upstream),
      await startTollkeeper(processes, { home: processes.newFolder(), upstream }),
    ];
    async function run(callsPerSecond: number | null, { rounds, say }: MeasureOptions): Promise<Row[]> {
      const measured: Row[] = [];
      for (const connections of connectionCounts) {
        const load = { ...plainLoad, connections, callsPerSecond, until: { seconds: 2 } };
        const label = `first byte, ${connections} connections, ${callsPerSecond === null ? 'closed loop' : `${callsPerSecond} calls/s`}`;
        const comparison = await compare({ processes, upstream, targets, load, label }, { rounds, say });
        measured.push({ connections, comparison });
      }
      return measured;
    }
    const closed = await run(null, options);
    const steady = await run(ratePerSecond, options);
    const [single] = closed;
    return {
      title: 'Added time to first byte',
      body: paragraphs(
        'Milliseconds from sending a JSON call to the first byte of its answer, and how much of them Tollkeeper adds: its percentile minus the ' +
          'same percentile of the upstream alone (direct), and of the bare `node:http` pipe. Each figure is the median of the rounds.',
        `### Closed loop\n\nEach connection sends its next call when the last is answered. At 16 and 128 connections this fills the machine, so ` +
          `a call mostly waits for the others.\n\n${rows(closed)}`,
        single === undefined ? null : goals(single.comparison),
        `### At ${ratePerSecond} calls a second\n\nThe same number of calls whatever the number of connections; a call that waits for the one ` +
          `before it on its connection counts from when it was due.\n\n${rows(steady)}`,
      ),
    };
  });

function rows(measured: readonly Row[]): string {
  const cells = measured.flatMap(({ connections, comparison }) =>
    percentiles.map((share) => {
      const [direct, pipe, own] = ['direct', basePipeName, tollkeeperName].map((name) => at(comparison, name, share));
      return [
        `${connections} ${connections === 1 ? 'connection' : 'connections'}, p${share * 100}`,
        ...[direct, pipe, own].map((value) => fixed(value ?? Number.NaN, 2)),
        fixed(added(comparison, 'direct', share), 2),
        fixed(added(comparison, basePipeName, share), 2),
      ];
    }),
  );
  return table(['', 'direct', basePipeName, tollkeeperName, 'added to direct', 'added to the pipe'], cells);
}

function ofRounds(comparison: Comparison, name: string, share: number): number[] {
  return (comparison.rounds.get(name) ?? []).map(({ firstByteMs }) => percentile(firstByteMs, share));
}

function at(comparison: Comparison, name: string, share: number): number {
  return median(ofRounds(comparison, name, share));
}

/** Round by round, since rounds drift together. */
function added(comparison: Comparison, to: string, share: number): number {
  const base = ofRounds(comparison, to, share);
  return median(ofRounds(comparison, tollkeeperName, share).map((value, round) => value - (base[round] ?? Number.NaN)));
}

function goals(comparison: Comparison): string {
  const p50 = added(comparison, 'direct', 0.5);
  const p99 = added(comparison, 'direct', 0.99);
  const what = 'added time to first byte at one connection, durable begin included';
  return paragraphs(
    goalSentence({
      what: `${what}, p50`,
      goal: `at most ${goalsMs.p50} ms`,
      reached: `${fixed(p50, 2)} ms`,
      isMet: p50 <= goalsMs.p50,
    }),
    goalSentence({
      what: `${what}, p99`,
      goal: `at most ${goalsMs.p99} ms`,
      reached: `${fixed(p99, 2)} ms`,
      isMet: p99 <= goalsMs.p99,
    }),
  );
}
