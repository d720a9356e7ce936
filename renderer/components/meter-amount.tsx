/** The only place that draws an amount of a meter: money as money, tokens as tokens with what they are. */
import type { MeterLabel } from '../../shared/contract/meter-amounts.ts';
import { amountInWords, meterInWords } from '../../shared/meter-amount-words.ts';
import type { MeterUnit } from '../../shared/plan-meters.ts';
import { Money } from './money.tsx';

type AmountProps = {
  readonly unit: MeterUnit;
  readonly thousandths: number;
  /** Of money. */
  readonly decimals?: number;
};

export function MeterAmount({ unit, thousandths, decimals = 9 }: AmountProps) {
  if (unit === 'micro_usd') return <Money nano={thousandths} decimals={decimals} />;
  return <span className="whitespace-nowrap">{amountInWords(unit, thousandths)}</span>;
}

/** What a meter counts, where that is not plain money. */
export function MeterNote({ meter }: { readonly meter: MeterLabel }) {
  if (meter.unit === 'micro_usd') return null;
  return <span className="block text-xs text-faint">{meterInWords(meter)}</span>;
}
