/** Rounds of the soak, each with a seed of its own, and what they came to in one sentence. */
import { soakRound, type RoundResult, type RoundSize } from './soak-round.ts';

export type SoakOptions = RoundSize & {
  readonly rounds: number;
  readonly seed: number;
  readonly say: (line: string) => void;
};

export type SoakResult = { readonly rounds: readonly RoundResult[]; readonly options: SoakOptions };

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const rounds: RoundResult[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const result = await soakRound(options.seed + round, options);
    rounds.push(result);
    const { seed, plans, events, faults, kills, sentAgain, setAside, wrong } = result;
    options.say(
      `round ${round + 1}, seed ${seed}, plan ${plans}: ${events} events, ${faults} faults, ${kills} kills, ${sentAgain} sent again by choice, ${setAside} set aside, ${wrong.length === 0 ? 'all agree' : `WRONG: ${wrong.slice(0, 5).join('; ')}`}`,
    );
  }
  return { rounds, options };
}

export function soakSummary({ rounds, options }: SoakResult): string {
  const sum = (of: (round: RoundResult) => number) =>
    rounds.reduce((total, round) => total + of(round), 0).toLocaleString('en-US');
  const wrong = rounds.filter((round) => round.wrong.length > 0);
  const what = `${rounds.length.toLocaleString('en-US')} rounds of ${options.calls.toLocaleString('en-US')} calls of ${options.customers} customers over ${options.days} days`;
  const met = `${sum(({ events }) => events)} meter events, ${sum(({ faults }) => faults)} faults, ${sum(({ kills }) => kills)} kills`;
  const verdict =
    wrong.length === 0
      ? 'Stripe’s sums equal the ledger’s to the unit in every round, no identifier counts twice, nothing is stuck'
      : `${wrong.length} rounds do not agree (seeds ${wrong.map(({ seed }) => seed).join(', ')})`;
  return `${what} (seed ${options.seed}; ${met}): ${verdict}.`;
}
