/** The only place that draws a sum of calls: "$412.10 + 3 calls unpriced", with the way to those calls where there is one. */
import { Link } from 'wouter';

import { hasAmount, unpricedWords, type Sum as SumOfCalls } from '../../shared/spend-words.ts';
import { Money, totalDecimals } from './money.tsx';

type SumProps = {
  readonly sum: SumOfCalls;
  /** Cents, or more for a sum below one, unless it is said. */
  readonly decimals?: number;
  /** Where the unpriced calls of it are listed. */
  readonly href?: string | undefined;
  /** The figure of the screen: what is not in it stands beside it in smaller letters. */
  readonly isHeadline?: boolean;
};

export function Sum({ sum, decimals = totalDecimals(sum.costNanoUsd), href, isHeadline = false }: SumProps) {
  if (!hasAmount(sum)) return <Unpriced calls={sum.unpricedCalls} href={href} />;
  return (
    <>
      <Money nano={sum.costNanoUsd} decimals={decimals} />
      <span className={isHeadline ? 'text-[0.56em] tracking-normal' : ''}>
        <AndUnpriced calls={sum.unpricedCalls} href={href} />
      </span>
    </>
  );
}

type UnpricedProps = { readonly calls: number; readonly href?: string | undefined };

/** " + 3 calls unpriced" behind an amount; nothing where every call has its price. */
export function AndUnpriced({ calls, href }: UnpricedProps) {
  if (calls === 0) return null;
  return (
    <>
      {' '}
      <span className="text-warn">
        + <Unpriced calls={calls} href={href} />
      </span>
    </>
  );
}

export function Unpriced({ calls, href }: UnpricedProps) {
  const words = unpricedWords(calls);
  if (href === undefined) return <span className="whitespace-nowrap text-warn">{words}</span>;
  return (
    <Link href={href} className="whitespace-nowrap text-warn underline underline-offset-2">
      {words}
    </Link>
  );
}
