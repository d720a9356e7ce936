/** `npm run crash -- [--rounds 100] [--seed N]`: kill -9 under load, a line a round and a summary on the last. Exits 1 when anything was lost. */
import { parseArgs } from 'node:util';

import { crashSummary, isClean, runCrash } from './rounds.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } });
const rounds = wholeNumber(values.rounds ?? '100', '--rounds');
// A new seed each time finds more; the summary names it, so that a run can be repeated.
const seed = wholeNumber(values.seed ?? String(Date.now() % 1_000_000), '--seed');

const result = await runCrash({ rounds, seed, say: (line) => console.log(line) });
const { lost, double, notComplete, wrongMoney, findings } = result;
for (const [name, list] of Object.entries({ lost, double, notComplete, wrongMoney, findings }))
  if (list.length > 0) console.log(`${name}: ${list.slice(0, 20).join(', ')}`);
console.log(crashSummary(result));
process.exit(isClean(result) ? 0 : 1);

function wholeNumber(text: string, name: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  console.error(`${name} takes a whole number from 1, not "${text}".`);
  process.exit(2);
}
