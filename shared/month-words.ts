/** A customer's month on both sides in sentences, the same on the screen and in a terminal. Pure. */
import type { CustomerMonth, MonthMeter, MonthParts } from './contract/stripe-month.ts';
import { amountInWords } from './meter-amount-words.ts';
import { formatUsd } from './money.ts';
import type { MeterUnit } from './plan-meters.ts';

export type PartName = Exclude<keyof MonthParts, 'calls' | 'dueNanoUsd' | 'unpricedCalls' | 'dueThousandths'>;

export const partWords: Readonly<Record<PartName, string>> = {
  deliveredThousandths: 'delivered',
  waitingThousandths: 'waits',
  rejectedThousandths: 'refused',
  setAsideThousandths: 'set aside',
  carriedForwardThousandths: 'on invoice items',
  openThousandths: 'in minutes that are not sealed yet',
  correctionsThousandths: 'corrected after it was sent, to be adjusted or carried forward',
  settledThousandths: 'corrected after it was sent, settled by invoice items',
  remainderThousandths: 'below the meter’s unit, carried to later events',
};

const partNames = Object.keys(partWords) as PartName[];

/** Those that are not nothing. */
export function partsOfMonth(parts: MonthParts): { readonly name: PartName; readonly thousandths: number }[] {
  return partNames.map((name) => ({ name, thousandths: parts[name] })).filter(({ thousandths }) => thousandths !== 0);
}

export function partsInWords(unit: MeterUnit, parts: MonthParts): string {
  const words = partsOfMonth(parts).map(
    ({ name, thousandths }) => `${amountInWords(unit, thousandths)} ${partWords[name]}`,
  );
  return words.length === 0 ? 'nothing' : words.join(', ');
}

type Valued = Pick<MonthParts, 'calls' | 'dueNanoUsd' | 'unpricedCalls'>;

/** What tokens are worth: "$0.012", "at least $0.012", "unpriced". */
export function monthWorthInWords({ calls, dueNanoUsd, unpricedCalls }: Valued): string {
  if (unpricedCalls > 0 && unpricedCalls === calls && dueNanoUsd === 0) return 'unpriced';
  return `${unpricedCalls > 0 ? 'at least ' : ''}${formatUsd(dueNanoUsd, 6)}`;
}

/** Of money to the nano-dollar, of tokens to the token. */
export function exactnessInWords(unit: MeterUnit): string {
  return unit === 'micro_usd' ? 'to the nano-dollar' : unit === 'token' ? 'to the token' : 'to the search';
}

export function addsUpSentence({ unit, leftThousandths, dueThousandths }: MonthMeter): string {
  const due = amountInWords(unit, dueThousandths);
  return leftThousandths === 0
    ? `These add up to the ledger’s ${due} ${exactnessInWords(unit)}.`
    : `These leave ${amountInWords(unit, leftThousandths)} of the ledger’s ${due} over: run \`tollkeeper verify\`.`;
}

/** Stripe's days are UTC days; the ledger's are those of its zone. Compared is like with like. */
export function zoneSentence({
  month,
  ledgerMonth,
  total,
}: Pick<CustomerMonth, 'month' | 'ledgerMonth' | 'total'>): string {
  const { timeZone, calls, dueNanoUsd } = ledgerMonth;
  if (timeZone === 'UTC') return 'The ledger’s days are UTC days as well.';
  const same = dueNanoUsd === total.dueNanoUsd && calls === total.calls;
  const zoned = `${month} in the ledger’s own days (${timeZone})`;
  return same
    ? `${zoned} holds the same calls.`
    : `${zoned} begins and ends at other moments: ${calls.toLocaleString('en-US')} calls, ${formatUsd(dueNanoUsd, 6)}.`;
}
