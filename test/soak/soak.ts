/** Rounds of the soak, each with a seed of its own, side by side on as many threads as asked for, and what they came to in one sentence. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import type { Kept } from './kept-rounds.ts';
import { soakRound, type RoundResult, type RoundSize } from './soak-round.ts';
import type { RoundQuestion } from './soak-worker.ts';

export type SoakOptions = RoundSize & {
  readonly rounds: number;
  readonly seed: number;
  /** 0: in this thread. */
  readonly threads: number;
  readonly say: (line: string) => void;
  /** Rounds that were run before; none of their seeds is run again. */
  readonly kept?: Kept | undefined;
};

export type SoakResult = { readonly rounds: readonly RoundResult[]; readonly options: SoakOptions };

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { calls, customers, days, hasSockets, seed: firstSeed } = options;
  const size: RoundSize = { calls, customers, days, hasSockets };
  const isAsked = ({ seed }: RoundResult) => seed >= firstSeed && seed < firstSeed + options.rounds;
  const rounds = [...(options.kept?.rounds.filter(isAsked) ?? [])];
  const before = new Set(rounds.map(({ seed }) => seed));
  const seeds = Array.from({ length: options.rounds }, (_, index) => firstSeed + index).filter(
    (seed) => !before.has(seed),
  );

  async function goOn(round: (question: RoundQuestion) => Promise<RoundResult>): Promise<void> {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const result = await round({ seed, size });
      rounds.push(result);
      options.kept?.keep(result);
      options.say(lineOf(result, rounds.length));
    }
  }

  if (options.threads === 0) await goOn(({ seed }) => soakRound(seed, size));
  else await Promise.all(Array.from({ length: options.threads }, () => onThread(goOn)));
  return { rounds: rounds.toSorted((a, b) => a.seed - b.seed), options };
}

async function onThread(
  run: (round: (question: RoundQuestion) => Promise<RoundResult>) => Promise<void>,
): Promise<void> {
  const worker = new Worker(new URL('soak-worker.ts', import.meta.url));
  try {
    await run(async (question) => {
      worker.postMessage(question);
      const [result] = (await once(worker, 'message')) as [RoundResult];
      return result;
    });
  } finally {
    await worker.terminate();
  }
}

function lineOf({ seed, wrong, ...round }: RoundResult, number: number): string {
  const { plans, events, requests, faults, kills, sentAgain, setAside, corrected, adjusted, items } = round;
  const verdict = wrong.length === 0 ? 'all agree' : `WRONG: ${wrong.slice(0, 5).join('; ')}`;
  return `round ${number}, seed ${seed}, plan ${plans}: ${events} events, ${requests} requests, ${faults} faults, ${kills} kills, ${sentAgain} sent again by choice, ${setAside} set aside, ${corrected} calls corrected, ${adjusted} events cancelled and sent anew, ${items} invoice items, ${verdict}`;
}

export function soakSummary({ rounds, options }: SoakResult): string {
  const sum = (of: (round: RoundResult) => number) =>
    rounds.reduce((total, round) => total + of(round), 0).toLocaleString('en-US');
  const wrong = rounds.filter((round) => round.wrong.length > 0);
  const what = `${rounds.length.toLocaleString('en-US')} rounds of ${options.calls.toLocaleString('en-US')} calls of ${options.customers} customers over ${options.days} days`;
  const met = `${sum(({ events }) => events)} meter events, ${sum(({ requests }) => requests)} requests, ${sum(({ faults }) => faults)} faults, ${sum(({ kills }) => kills)} kills, ${sum(({ corrected }) => corrected)} corrections, ${sum(({ adjusted }) => adjusted)} adjustments, ${sum(({ items }) => items)} invoice items`;
  const verdict =
    wrong.length === 0
      ? 'Stripe’s sums equal the ledger’s to the unit in every round, no identifier counts twice, no final invoice misses anything, nothing is stuck'
      : `${wrong.length} rounds do not agree (seeds ${wrong.map(({ seed }) => seed).join(', ')})`;
  return `${what} (seed ${options.seed}; ${met}): ${verdict}.`;
}
