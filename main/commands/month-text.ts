/** A customer's month on both sides as text for a terminal. Pure. */
import type { CustomerMonthRead, MonthDay, MonthMeter } from '../../shared/contract/stripe-month.ts';
import { amountInWords, meterInWords, valueInWords } from '../../shared/meter-amount-words.ts';
import { formatUsd } from '../../shared/money.ts';
import { addsUpSentence, monthWorthInWords, partsInWords, zoneSentence } from '../../shared/month-words.ts';
import type { MeterUnit } from '../../shared/plan-meters.ts';
import { layOut } from './table.ts';

export function monthText(read: CustomerMonthRead): string[] {
  const { customer, month, days, meters, total, trouble, readAtMs } = read;
  if (days.length === 0)
    return [`${customer} has no billed calls in ${month} (UTC).`, ...(trouble === null ? [] : [trouble])];
  return [
    `${customer} in ${month}, by UTC day as Stripe counts: ${total.calls.toLocaleString('en-US')} calls, ${formatUsd(total.dueNanoUsd, 6)}.`,
    ...layOut(columnsOf(days), days.map(rowOf(areTokens(days)))),
    '',
    ...meters.flatMap((meter) => meterText(meter, meters.length > 1)),
    zoneSentence(read),
    ...(read.unpricedCalls === 0
      ? []
      : [
          `${read.unpricedCalls.toLocaleString('en-US')} calls have no price and are in no sum of money: \`tollkeeper report\` says why.`,
        ]),
    readSentence(read),
    ...(trouble === null
      ? []
      : [
          `Stripe was not read${readAtMs === null ? '' : `; its figures are those of ${utc(readAtMs)} UTC`}: ${trouble}`,
        ]),
  ];
}

function areTokens(days: readonly MonthDay[]): boolean {
  return days.some(({ unit }) => unit !== 'micro_usd');
}

/** Tokens stand beside what they are worth. */
function columnsOf(days: readonly MonthDay[]) {
  const figures = ['calls', 'ledger', ...(areTokens(days) ? ['worth'] : []), 'delivered', 'in Stripe', 'difference'];
  return [
    { title: 'day (UTC)', align: 'left' as const },
    { title: 'meter', align: 'left' as const },
    ...figures.map((title) => ({ title, align: 'right' as const })),
    { title: 'why', align: 'left' as const },
  ];
}

function rowOf(showsWorth: boolean): (day: MonthDay) => string[] {
  return (day) => {
    const { meter, unit, calls, stripeValue, differenceValue, cause } = day;
    return [
      day.day,
      meter,
      calls.toLocaleString('en-US'),
      shortAmount(unit, day.dueThousandths),
      ...(showsWorth ? [monthWorthInWords(day)] : []),
      shortAmount(unit, day.deliveredThousandths),
      stripeValue === null ? 'not read' : valueInWords(unit, stripeValue),
      differenceValue === null ? '–' : valueInWords(unit, differenceValue),
      [cause, otherParts(day)].filter((words) => words !== null && words !== '').join(' '),
    ];
  };
}

/** Money to the micro-dollar, as the meter counts it. */
function shortAmount(unit: MeterUnit, thousandths: number): string {
  return unit === 'micro_usd' ? formatUsd(thousandths, 6) : amountInWords(unit, thousandths);
}

/** What of the day is not delivered. */
function otherParts(day: MonthDay): string {
  const words = partsInWords(day.unit, { ...day, deliveredThousandths: 0 });
  return words === 'nothing' ? '' : `Not delivered: ${words}.`;
}

function meterText(meter: MonthMeter, areSeveral: boolean): string[] {
  const name = areSeveral ? `${capital(meterInWords(meter))} (${meter.meter})` : 'All in all';
  const worth = meter.unit === 'micro_usd' ? '' : ` What they are worth: ${monthWorthInWords(meter)}.`;
  return [`${name}: ${partsInWords(meter.unit, meter)}.`, `${addsUpSentence(meter)}${worth}`];
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function readSentence({ readsTaken, reads }: CustomerMonthRead): string {
  return `Stripe was asked ${readsTaken.toLocaleString('en-US')} times for this; ${reads.used.toLocaleString('en-US')} of the ${reads.max.toLocaleString('en-US')} reads that it allows in a month are used.`;
}

function utc(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
}
