/**
 * Rounds of a long run, kept in a file, a line of JSON each, so that one that was broken off goes on where it was: a round is a function of its seed. The first
 * line says of which code and size they are; rounds of another are not counted with these.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

import type { RoundResult, RoundSize } from './soak-round.ts';

export type Kept = { readonly rounds: readonly RoundResult[]; readonly keep: (round: RoundResult) => void };

/** @throws when the file holds rounds of other code or another size. */
export function keepRounds(file: string, size: RoundSize, code: string): Kept {
  const head = JSON.stringify({ code, ...size });
  if (!existsSync(file)) appendFileSync(file, `${head}\n`);
  const [first, ...lines] = readFileSync(file, 'utf8').split('\n');
  if (first !== head) throw new Error(`${file} holds rounds of ${first}, not of ${head}: name another file.`);
  // The end of a run that was killed may be half a line.
  const whole = lines.slice(0, -1);
  if (lines.at(-1) !== '') appendFileSync(file, '\n');
  return {
    rounds: whole.flatMap(parseRound),
    keep: (round) => appendFileSync(file, `${JSON.stringify(round)}\n`),
  };
}

function parseRound(line: string): RoundResult[] {
  try {
    return [JSON.parse(line) as RoundResult];
  } catch {
    return [];
  }
}
