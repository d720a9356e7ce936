/** Headless start: from spawning `serve --json` to its line of JSON, with an empty home and with 1,000,000 calls, from source and built. */
import { builtCli, sourceCli } from './build.ts';
import { goalSentence, paragraphs, table } from './markdown.ts';
import { withProcesses, type Processes } from './processes.ts';
import { fillHome } from './seeded-home.ts';
import type { Measure } from './section.ts';
import { fixed, median } from './statistics.ts';
import { startTollkeeper, startUpstream, type Target } from './targets.ts';

const goalMs = 500;
const startsPerRound = 2;

type Case = { readonly name: string; readonly entry: string; readonly home: string; readonly times: number[] };

export const measureStart: Measure = ({ rounds, say }) =>
  withProcesses(async (processes) => {
    const upstream = await startUpstream(processes);
    const [empty, seeded] = [processes.newFolder(), processes.newFolder()];
    fillHome(seeded, say);
    const entries = { built: await builtCli(), 'from source': sourceCli };
    const homes = { 'empty ledger': empty, '1,000,000 calls': seeded };
    const cases: Case[] = Object.entries(entries).flatMap(([made, entry]) =>
      Object.entries(homes).map(([filled, home]) => ({ name: `${made}, ${filled}`, entry, home, times: [] })),
    );
    // Once before it counts: the first start creates the empty ledger, and brings programs and files into the system's cache.
    for (const each of cases) await timeStart(processes, upstream, each);
    for (let round = 1; round <= rounds * startsPerRound; round++) {
      for (const each of cases) each.times.push(await timeStart(processes, upstream, each));
      say(`start, ${cases.map(({ name, times }) => `${name} ${fixed(times.at(-1) ?? Number.NaN, 0)} ms`).join('; ')}`);
    }
    const reached = cases.find(({ name }) => name === 'built, 1,000,000 calls');
    const reachedMs = median(reached?.times ?? []);
    return {
      title: 'Headless start',
      body: paragraphs(
        'Milliseconds from starting `tollkeeper serve --json` to the line that says that both addresses accept connections. Files are in the ' +
          "system's cache, as they are after the first start.",
        table(
          ['', 'median ms', 'fastest', 'slowest'],
          cases.map(({ name, times }) => [
            name,
            fixed(median(times), 0),
            fixed(Math.min(...times), 0),
            fixed(Math.max(...times), 0),
          ]),
        ),
        goalSentence({
          what: 'headless start with 1,000,000 calls in the ledger, built',
          goal: `at most ${goalMs} ms`,
          reached: `${fixed(reachedMs, 0)} ms`,
          isMet: reachedMs <= goalMs,
        }),
      ),
    };
  });

async function timeStart(processes: Processes, upstream: Target, { entry, home }: Case): Promise<number> {
  const startedAtMs = performance.now();
  const engine = await startTollkeeper(processes, { home, upstream, entry });
  const tookMs = performance.now() - startedAtMs;
  await processes.stop(engine.started);
  return tookMs;
}
