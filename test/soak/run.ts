/**
 * `npm run soak -- [--rounds 1000] [--seed N] [--calls 10000] [--customers 50] [--days 45] [--threads 2] [--sockets] [--keep FILE]`. A line a round, a summary
 * last; exits 1 when anything differs. With --keep the rounds stand in a file as well, and one that was broken off goes on from there.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

import { keepRounds } from './kept-rounds.ts';
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
    keep: text,
  },
});
const size = {
  calls: wholeNumber(values.calls ?? '10000', '--calls'),
  customers: wholeNumber(values.customers ?? '50', '--customers'),
  days: wholeNumber(values.days ?? '45', '--days'),
  hasSockets: values.sockets === true,
};
const result = await runSoak({
  ...size,
  rounds: wholeNumber(values.rounds ?? '10', '--rounds'),
  // A new seed each time finds more; the summary names it, so that a run can be repeated.
  seed: wholeNumber(values.seed ?? String(Date.now() % 1_000_000), '--seed'),
  threads: wholeNumber(values.threads ?? String(availableParallelism()), '--threads'),
  say: (line) => console.log(line),
  kept: values.keep === undefined ? undefined : keepRounds(values.keep, size, codeHere()),
});
console.log(soakSummary(result));
process.exit(result.rounds.some(({ wrong }) => wrong.length > 0) ? 1 : 0);

/** Of the checkout: rounds of other code are not counted with these. */
function codeHere(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  return `${git('rev-parse', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes'}`;
}

function wholeNumber(given: string, name: string): number {
  if (/^\d{1,9}$/.test(given) && Number(given) > 0) return Number(given);
  console.error(`${name} takes a whole number from 1, not "${given}".`);
  process.exit(2);
}
