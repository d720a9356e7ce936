/** Large requests: 1 MB and 20 MB of conversation, read whole and inspected before they leave, against pipes that only pass them on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { compare, plainLoad, ratiosOf, type Comparison } from './comparison.ts';
import { paragraphs, table } from './markdown.ts';
import { withProcesses } from './processes.ts';
import type { Measure } from './section.ts';
import { fixed, median, percentile, withSpread } from './statistics.ts';
import { basePipeName, startPipe, startTollkeeper, startUpstream, tollkeeperName } from './targets.ts';

type Size = { readonly megabytes: number; readonly connections: number };
const sizes: readonly Size[] = [
  { megabytes: 1, connections: 1 },
  { megabytes: 1, connections: 16 },
  { megabytes: 20, connections: 1 },
  { megabytes: 20, connections: 4 },
];

export const measureBodySize: Measure = (options) =>
  withProcesses(async (processes) => {
    const upstream = await startUpstream(processes);
    const targets = [
      upstream,
      await startPipe(processes, 'http', upstream),
      await startPipe(processes, 'undici', upstream),
      await startTollkeeper(processes, { home: unlimitedHome(processes.newFolder()), upstream }),
    ];
    const measured: string[][] = [];
    for (const { megabytes, connections } of sizes) {
      const load = { ...plainLoad, bodyBytes: megabytes * 1_000_000, connections, until: { seconds: 3 } };
      const label = `${megabytes} MB bodies, ${connections} connections`;
      const comparison = await compare({ processes, upstream, targets, load, label }, options);
      measured.push(...rows(comparison, { megabytes, connections }));
    }
    return {
      title: 'Large request bodies',
      body: paragraphs(
        'JSON calls with a long conversation as their body. Tollkeeper has the whole body before it begins the call, since it must know the model ' +
          'and the conversation first; a pipe passes the first bytes on while the last are still coming. Milliseconds from the first byte sent to ' +
          'the last received; added, where one connection calls alone, is the median against the `node:http` pipe.',
        table(['', 'MB/s', 'ratio', 'p50 ms', 'p99 ms', 'added ms', 'added ms per MB'], measured),
      ),
    };
  });

/** A prompt of 20 MB is what the context limit is there to stop; here it is to pass. */
function unlimitedHome(home: string): string {
  writeFileSync(
    join(home, 'settings.json'),
    JSON.stringify({ limits: { contextLimitTokens: null, callCeilingUsd: null } }),
  );
  return home;
}

function rows(comparison: Comparison, { megabytes, connections }: Size): string[][] {
  const all = (name: string) => (comparison.rounds.get(name) ?? []).flatMap(({ wholeMs }) => [...wholeMs]);
  const basisMs = median(all(basePipeName));
  return comparison.targets.map(({ name }) => {
    const rates = (comparison.rounds.get(name) ?? []).map(({ calls, seconds }) => (calls * megabytes) / seconds);
    const addedMs = percentile(all(name), 0.5) - basisMs;
    // With more connections a call waits for the others, which is no cost of its own.
    const isAdded = name === tollkeeperName && connections === 1;
    return [
      `${megabytes} MB, ${connections} ${connections === 1 ? 'connection' : 'connections'}, ${name}`,
      fixed(median(rates), 0),
      name === basePipeName ? '1' : withSpread(ratiosOf(comparison, name), 2),
      fixed(percentile(all(name), 0.5), 1),
      fixed(percentile(all(name), 0.99), 1),
      isAdded ? fixed(addedMs, 1) : '',
      isAdded ? fixed(addedMs / megabytes, 2) : '',
    ];
  });
}
