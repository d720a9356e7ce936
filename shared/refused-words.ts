/** What limits stopped, beside a sum that holds none of it: refused calls cost nothing, and people want to know what they would have cost. Pure. */
import { formatUsd } from './money.ts';

/** `wouldCostNanoUsd` is the sum of what was expected of those whose model has a price; the others are counted beside it. */
export type Refused = { readonly calls: number; readonly wouldCostNanoUsd: number; readonly unpricedCalls: number };

/** Null where nothing was refused. `whole` is how many calls they are among. */
export function refusedWords(
  { calls, wouldCostNanoUsd, unpricedCalls }: Refused,
  whole: number,
  decimals = 2,
): string | null {
  if (calls === 0) return null;
  const isOne = calls === 1;
  const many = calls.toLocaleString('en-US');
  const who = calls < whole ? `${many} of these calls ${isOne ? 'was' : 'were'}` : isOne ? 'It was' : 'All were';
  const unknown = unpricedCalls === 0 ? '' : `; ${unpricedCalls.toLocaleString('en-US')} without a price not counted`;
  const cost = formatUsd(wouldCostNanoUsd, decimals);
  return `${who} refused by limits and cost nothing; ${isOne ? 'it' : 'they'} would have cost about ${cost}${unknown}.`;
}
