/**
 * `npm run soak -- [--rounds 1000] [--seed N] [--calls 10000] [--customers 50] [--days 45] [--threads 2] [--sockets]`. A line a round, a summary
 * last; exits 1 when anything differs.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

import { runSoak, soakSummary } from './soak.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    rounds: text,
    seed: text,
    calls: text,
    customers: text,
    days: text,
    threads: text,
    sockets: { type: 'boolean' },
  },
});
const result = await runSoak({
  rounds: wholeNumber(values.rounds ?? '10', '--rounds'),
  // A new seed each time finds more; the summary names it, so that a run can be repeated.
  seed: wholeNumber(values.seed ?? String(Date.now() % 1_000_000), '--seed'),
  calls: wholeNumber(values.calls ?? '10000', '--calls'),
  customers: wholeNumber(values.customers ?? '50', '--customers'),
  days: wholeNumber(values.days ?? '45', '--days'),
  threads: wholeNumber(values.threads ?? String(availableParallelism()), '--threads'),
  hasSockets: values.sockets === true,
  say: (line) => console.log(line),
});
console.log(soakSummary(result));
process.exit(result.rounds.some(({ wrong }) => wrong.length > 0) ? 1 : 0);

function wholeNumber(given: string, name: string): number {
  if (/^\d{1,9}$/.test(given) && Number(given) > 0) return Number(given);
  console.error(`${name} takes a whole number from 1, not "${given}".`);
  process.exit(2);
}
