/** A few small rounds of the soak in every run of the tests, over real sockets; `npm run soak` does the long ones. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { keepRounds } from './kept-rounds.ts';
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

it('a run that was broken off goes on from the rounds that were kept, and not from those of other code', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-soak-'));
  const file = join(folder, 'rounds.jsonl');
  const size = { calls: 50, customers: 2, days: 3, hasSockets: false };
  const run = (rounds: number, lines: string[]) =>
    runSoak({
      ...size,
      rounds,
      seed: 7,
      threads: 0,
      say: (line) => lines.push(line),
      kept: keepRounds(file, size, 'a'),
    });
  await run(2, []);
  appendFileSync(file, '{"seed":9,"pla');
  const lines: string[] = [];
  const whole = await run(4, lines);
  expect(lines.map((line) => line.slice(0, 16))).toEqual(['round 3, seed 9,', 'round 4, seed 10']);
  expect(whole.rounds.map(({ seed }) => seed)).toEqual([7, 8, 9, 10]);
  const again = await run(4, lines);
  expect(lines).toHaveLength(2);
  expect(soakSummary(again)).toBe(soakSummary(whole));
  expect(() => keepRounds(file, size, 'b')).toThrow('name another file');
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(7);
  rmSync(folder, { recursive: true });
});
