/** The only place that draws money: exact digits, a proper minus, a dash for nothing, quieter last digits where asked. */
import { nanoUsdPerCent, usdParts } from '../../shared/money.ts';

type MoneyProps = {
  /** Null is drawn as "unpriced", never as zero. */
  readonly nano: number | null;
  /** Cents in totals, six digits for one call. */
  readonly decimals?: number;
  /** How many of the last digits are drawn in a quieter tone. */
  readonly quiet?: number;
};

export function Money({ nano, decimals = 2, quiet = 0 }: MoneyProps) {
  if (nano === null) return <span className="text-warn">unpriced</span>;
  const { sign, whole, fraction } = usdParts(nano, decimals);
  const loud = fraction.slice(0, fraction.length - quiet);
  const faint = quiet > 0 ? fraction.slice(-quiet) : '';
  return (
    <span className="whitespace-nowrap">
      {sign}${whole}
      {decimals > 0 ? '.' : ''}
      {loud}
      {faint === '' ? null : <span className="text-[0.57em] text-faint">{faint}</span>}
    </span>
  );
}

/** Cents in a total, unless it is worth less than one. */
export function totalDecimals(nano: number): number {
  return nano !== 0 && Math.abs(nano) < nanoUsdPerCent ? 4 : 2;
}

/** What one call cost: six digits, as most calls are worth less than a cent. */
export function CallMoney({ nano }: { readonly nano: number | null }) {
  return <Money nano={nano} decimals={6} />;
}
