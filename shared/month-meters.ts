/** The meters of a customer's month, each the sum of its days. Pure; thousandths of the meter's unit throughout. */
import type { MonthDay, MonthMeter, MonthParts } from './contract/stripe-month.ts';

const noParts: MonthParts = {
  calls: 0,
  dueNanoUsd: 0,
  unpricedCalls: 0,
  dueThousandths: 0,
  deliveredThousandths: 0,
  waitingThousandths: 0,
  rejectedThousandths: 0,
  setAsideThousandths: 0,
  carriedForwardThousandths: 0,
  openThousandths: 0,
  correctionsThousandths: 0,
  settledThousandths: 0,
  remainderThousandths: 0,
};
const partNames = Object.keys(noParts) as (keyof MonthParts)[];

/** By name; a meter without a day is not among them. */
export function monthMeters(days: readonly MonthDay[]): MonthMeter[] {
  const byMeter = Map.groupBy(days, ({ meter }) => meter);
  return [...byMeter].toSorted(([a], [b]) => a.localeCompare(b)).flatMap(([, of]) => meterOf(of));
}

function meterOf(days: readonly MonthDay[]): MonthMeter[] {
  const [first] = days;
  if (first === undefined) return [];
  const { meter, unit, tokenClass, model } = first;
  const parts = days.reduce(addParts, noParts);
  const stripe = days.flatMap(({ stripeValue }) => (stripeValue === null ? [] : [stripeValue]));
  const stripeValue = stripe.length < days.length ? null : stripe.reduce((a, b) => a + b, 0);
  const differenceValue = stripeValue === null ? null : stripeValue - parts.deliveredThousandths / 1_000;
  const leftThousandths = parts.dueThousandths - sumOfParts(parts);
  return [{ meter, unit, tokenClass, model, ...parts, stripeValue, differenceValue, leftThousandths }];
}

function addParts(sum: MonthParts, day: MonthParts): MonthParts {
  return Object.fromEntries(partNames.map((name) => [name, sum[name] + day[name]])) as MonthParts;
}

const notParts = new Set<keyof MonthParts>(['calls', 'dueNanoUsd', 'unpricedCalls', 'dueThousandths']);

function sumOfParts(parts: MonthParts): number {
  return partNames.filter((name) => !notParts.has(name)).reduce((sum, name) => sum + parts[name], 0);
}
