/**
 * What is billed by an invoice item instead of the meter, as the line of an invoice: which days, how many calls, what sum. Pure. A person reads all of it; the
 * item's description is as long as Stripe takes, and says how many meters it does not name.
 */
import type { MeterLabel } from './contract/meter-amounts.ts';
import { meterInWords } from './meter-amount-words.ts';
import { formatUsd, nanoUsdPerCent } from './money.ts';

export type CarryForwardFigures = {
  /** What was set aside. */
  readonly calls: number;
  /** Of token meters what their tokens cost, with the markup. */
  readonly asideNanoUsd: number;
  /** Of it, events with calls that have no price. */
  readonly unpricedEvents: number;
  /** Part of it that Stripe may have counted after all. */
  readonly uncertainNanoUsd: number;
  /** UTC, as Stripe's days are; in order. */
  readonly asideDays: readonly string[];
  /** Calls that were corrected after they had been metered. */
  readonly correctedCalls: number;
  readonly differenceNanoUsd: number;
  /** Of them, events whose difference has no price. */
  readonly unpricedCorrections: number;
  readonly correctedDays: readonly string[];
  /** Below a cent, from the items before. */
  readonly restNanoUsd: number;
  /** Those of tokens, with how many were not metered, and how many more or less were due. */
  readonly meters: readonly (MeterLabel & { readonly asideValue: number; readonly correctedValue: number })[];
};

/** How many are named before it is said how many there are. */
type Naming = { readonly daysMax: number; readonly metersMax: number };

const daysNamedMax = 7;

/** Stripe refuses a longer one, at each attempt. */
export const itemDescriptionLengthMax = 500;

/** For the customer: what is to be compared before is for the person who asks. Meters are left out before days are. */
export function carryForwardDescription(figures: CarryForwardFigures): string {
  const certain = { ...figures, uncertainNanoUsd: 0 };
  for (let metersMax = figures.meters.length; metersMax >= 0; metersMax--) {
    const description = carryForwardSentence(certain, { daysMax: daysNamedMax, metersMax });
    if (description.length <= itemDescriptionLengthMax) return description;
  }
  return carryForwardSentence(certain, { daysMax: 1, metersMax: 0 });
}

const allNamed: Naming = { daysMax: daysNamedMax, metersMax: Infinity };

export function carryForwardSentence(figures: CarryForwardFigures, { daysMax, metersMax }: Naming = allNamed): string {
  const { uncertainNanoUsd, restNanoUsd } = figures;
  const sentences: string[] = [];
  if (figures.asideDays.length > 0)
    sentences.push(
      `Usage of ${daysInWords(figures.asideDays, daysMax)} (${counted(figures.calls)}) that was not metered: ${asideInWords(figures, metersMax)}.`,
    );
  if (uncertainNanoUsd > 0)
    sentences.push(`Of this, Stripe may have counted ${formatUsd(uncertainNanoUsd, 6)}; compare before it is billed.`);
  if (figures.correctedCalls > 0)
    sentences.push(
      `Corrections of ${daysInWords(figures.correctedDays, daysMax)} (${counted(figures.correctedCalls)}) after they were metered: ${correctedInWords(figures, metersMax)}.`,
    );
  if (restNanoUsd !== 0) sentences.push(`Left below a cent by the item before: ${formatUsd(restNanoUsd, 6)}.`);
  return sentences.join(' ');
}

function asideInWords({ asideNanoUsd, unpricedEvents, meters }: CarryForwardFigures, metersMax: number): string {
  const tokens = meters.filter(({ asideValue }) => asideValue !== 0);
  const worth = `${unpricedEvents > 0 ? 'at least ' : ''}${tokens.length > 0 ? 'worth ' : ''}${formatUsd(asideNanoUsd, 6)}`;
  const parts = tokens.map(({ asideValue, ...meter }) => `${figure(asideValue)} ${meterInWords(meter)}`);
  return [worth, ...parts.slice(0, metersMax)].join(', ') + unnamedInWords(parts.length, metersMax);
}

function correctedInWords(
  { differenceNanoUsd, unpricedCorrections, meters }: CarryForwardFigures,
  metersMax: number,
): string {
  const tokens = meters.filter(({ correctedValue }) => correctedValue !== 0);
  const worth = `${formatUsd(Math.abs(differenceNanoUsd), 6)} ${moreOrLess(differenceNanoUsd)}`;
  const unpriced = unpricedCorrections > 0 ? ['not all of it priced'] : [];
  const parts = tokens.map(
    ({ correctedValue, ...meter }) =>
      `${figure(Math.abs(correctedValue))} ${meterInWords(meter)} ${moreOrLess(correctedValue)}`,
  );
  return [worth, ...unpriced, ...parts.slice(0, metersMax)].join(', ') + unnamedInWords(parts.length, metersMax);
}

function unnamedInWords(meters: number, metersMax: number): string {
  const unnamed = meters - metersMax;
  if (unnamed <= 0) return '';
  const which = `${metersMax > 0 ? 'more ' : ''}${unnamed === 1 ? 'meter' : 'meters'}`;
  return `${metersMax > 0 ? ' and' : ''} on ${figure(unnamed)} ${which}`;
}

function moreOrLess(value: number): string {
  return value < 0 ? 'less' : 'more';
}

function counted(calls: number): string {
  return `${figure(calls)} ${calls === 1 ? 'call' : 'calls'}`;
}

function figure(value: number): string {
  return value.toLocaleString('en-US');
}

function daysInWords(days: readonly string[], daysMax: number): string {
  const [first = '', ...rest] = days;
  const last = rest.at(-1);
  if (last === undefined) return first;
  if (days.length > daysMax) return `${days.length} days from ${first} to ${last}`;
  return `${days.slice(0, -1).join(', ')} and ${last}`;
}

export type CentsAndRest = { readonly cents: number; readonly restNanoUsd: number };

/**
 * An invoice item is whole cents. Cut towards zero, so that nobody is charged or given back what is not due yet; what is left has the sign of the sum and
 * is part of the customer's next item.
 */
export function centsAndRest(nanoUsd: number): CentsAndRest {
  const cents = Math.trunc(nanoUsd / nanoUsdPerCent);
  const restNanoUsd = nanoUsd - cents * nanoUsdPerCent;
  // A rest of minus nothing is nothing.
  return { cents: cents === 0 ? 0 : cents, restNanoUsd: restNanoUsd === 0 ? 0 : restNanoUsd };
}
