/** A few small rounds of the soak in every run of the tests, over real sockets; `npm run soak` does the long ones. */
import { expect, it } from 'vitest';

import { runSoak, soakSummary } from './soak.ts';

it('Stripe’s sums equal the ledger’s to the unit after weeks of random faults, with nothing sent twice and nothing stuck', async () => {
  const lines: string[] = [];
  const result = await runSoak({
    rounds: 3,
    seed: 1,
    calls: 600,
    customers: 8,
    days: 30,
    threads: 0,
    hasSockets: true,
    say: (line) => lines.push(line),
  });
  expect(result.rounds.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(soakSummary(result)).toMatch(/^3 rounds of 600 calls of 8 customers over 30 days .* nothing is stuck\.$/);
  expect(lines).toHaveLength(3);
});
