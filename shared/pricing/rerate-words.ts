/** What pricing past calls again came to, or would come to, in sentences for a terminal and a screen. Pure. */
import type { RerateAnswer } from '../contract/api.ts';
import { formatUsd } from '../money.ts';

export function rerateSentence(answer: RerateAnswer): string {
  const { isTrial, priceBook, checked, changed, newlyPriced, stillUnpriced, kept, differenceNanoUsd } = answer;
  const sign = differenceNanoUsd < 0 ? '' : '+';
  const verb = isTrial ? 'would change' : 'changed';
  const parts = [
    `${calls(checked)} checked against price book ${priceBook}: ${count(changed)} ${verb}, ${sign}${formatUsd(differenceNanoUsd, 6)} in all.`,
    ...(newlyPriced > 0 ? [`${count(newlyPriced)} of them had no price.`] : []),
    ...(stillUnpriced > 0
      ? [`${calls(stillUnpriced)} ${isTrial ? 'would stay' : stillUnpriced === 1 ? 'is still' : 'are still'} unpriced.`]
      : []),
    ...(kept > 0
      ? [
          `${calls(kept)} ${kept === 1 ? 'keeps' : 'keep'} what ${kept === 1 ? 'it has' : 'they have'}: this book cannot price ${kept === 1 ? 'it' : 'them'}.`,
        ]
      : []),
    ...(changed > 0 && !isTrial ? ['The old figures stay visible beside the new ones.'] : []),
  ];
  return parts.join(' ');
}

function calls(value: number): string {
  return `${count(value)} ${value === 1 ? 'call' : 'calls'}`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
