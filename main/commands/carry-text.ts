/** A carry-forward as text for a terminal: what it says, of which calls, and how it is made or marked. Pure. */
import type { CarryForward } from '../../shared/contract/api.ts';
import { amountInWords } from '../../shared/meter-amount-words.ts';
import { formatUsd, nanoUsdPerCent } from '../../shared/money.ts';
import type { CarriedCall } from '../ledger/read-carried-calls.ts';
import { layOut } from './table.ts';

const whyWords: Readonly<Record<CarriedCall['why'], string>> = { set_aside: 'not metered', corrected: 'corrected' };

export function carryForwardText(proposed: CarryForward, calls: readonly CarriedCall[]): string[] {
  const { customer, nanoUsd, cents, asked, events, correctedCalls } = proposed;
  const before =
    asked === null
      ? []
      : [
          `An item of ${formatUsd(asked.cents * nanoUsdPerCent)} for ${customer} was asked for at ${new Date(asked.atMs).toISOString().slice(0, 16)} UTC and Stripe’s answer is not known: it is looked up before another is made.`,
        ];
  if (events === 0 && correctedCalls === 0)
    return [...before, `Nothing of ${customer} is to be billed by an invoice item.`];
  const sum = sumToType(nanoUsd);
  const isUnpriced = proposed.unpricedEvents + proposed.unpricedCorrections > 0;
  // Money says it all; tokens are told beside what they are worth.
  const areTokens = calls.some(({ unit }) => unit !== 'micro_usd');
  return [
    ...before,
    `${nanoUsd < 0 ? 'Credit' : 'Item'} for ${customer}: ${formatUsd(cents * nanoUsdPerCent)}, of ${formatUsd(nanoUsd, 6)}; what is below a cent stays for the next.`,
    proposed.sentence,
    '',
    ...layOut(
      columnsOf(areTokens),
      calls.map(({ id, startedAtMs, why, unit, amountThousandths, nanoUsd: of }) => [
        id,
        new Date(startedAtMs).toISOString(),
        whyWords[why],
        ...(areTokens ? [unit === 'micro_usd' ? '–' : amountInWords(unit, amountThousandths)] : []),
        of === null ? 'unpriced' : formatUsd(of, 9),
      ]),
    ),
    '',
    isUnpriced
      ? 'Calls of it have no price, so no item is made of it yet: see `tollkeeper report`.'
      : cents === 0
        ? 'It is less than a cent, so no item is made of it yet.'
        : `Make it in Stripe: \`tollkeeper sync carry-forward --create ${customer} ${sum}\`.`,
    `Once you have put it on an invoice yourself: \`tollkeeper sync carry-forward ${customer} ${sum}\`.`,
  ];
}

function columnsOf(areTokens: boolean) {
  return [
    ...['call', 'started (UTC)', 'why'].map((title) => ({ title, align: 'left' as const })),
    ...[...(areTokens ? ['counts'] : []), 'sum'].map((title) => ({ title, align: 'right' as const })),
  ];
}

/** Every digit that it has, as a shell and the command take it: no dollar sign, and nothing that looks like an option. */
function sumToType(nanoUsd: number): string {
  const digits = formatUsd(Math.abs(nanoUsd), 9)
    .replace(/[$,]/g, '')
    .replace(/0{1,7}$/, '');
  return nanoUsd < 0 ? `-- -${digits}` : digits;
}
