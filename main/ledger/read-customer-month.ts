/**
 * A customer's month on both sides: what its calls come to by UTC day and meter, where each part of that is, and Stripe's figure as last read. The parts
 * add up to the ledger's month in the unit of each meter, of money to the nano-dollar: shares, corrections and items on one side, the values of meter events on
 * the other. Reading side only; the questions to the ledger stand in customer-month-rows.ts.
 */
import type { CustomerMonth, MonthDay, MonthParts } from '../../shared/contract/stripe-month.ts';
import { causeOfDifference } from '../../shared/month-cause.ts';
import { monthMeters } from '../../shared/month-meters.ts';
import { dayStartMs, nextMonth } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';
import {
  corrections,
  changesByDay,
  dueOf,
  eventsByDay,
  meterLabels,
  sharesByDay,
  stripeDays,
  settled,
  unpricedCalls,
  type Changed,
  type EventsOfDay,
  type MeterDay,
  type CustomerRange,
  type SharesOfDay,
  type StripeDay,
} from './customer-month-rows.ts';
import { readsPerMonthMax, readsUsed } from './stripe-reads.ts';

export type CustomerMonthQuestion = {
  readonly customer: string;
  /** "YYYY-MM". */
  readonly month: string;
  readonly timeZone: string;
  readonly nowMs: number;
};

export function readCustomerMonth(db: Db, { customer, month, timeZone, nowMs }: CustomerMonthQuestion): CustomerMonth {
  // One read transaction: an event that is sealed between two questions must not look like a difference.
  return db.transaction(() => {
    const range = monthRange(month, 'UTC');
    const zoneRange = monthRange(month, timeZone);
    const days = readDays(db, { customer, ...range });
    const readings = days.flatMap(({ readAtMs }) => (readAtMs === null ? [] : [readAtMs]));
    return {
      customer,
      month,
      days,
      meters: monthMeters(days),
      total: dueOf(db, { customer, ...range }),
      ledgerMonth: { timeZone, ...zoneRange, ...dueOf(db, { customer, ...zoneRange }) },
      unpricedCalls: unpricedCalls(db, { customer, ...range }),
      readAtMs: readings.length === 0 ? null : Math.min(...readings),
      reads: { used: readsUsed(db, nowMs), max: readsPerMonthMax },
    };
  })();
}

export function monthRange(month: string, timeZone: string): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: dayStartMs(`${month}-01`, timeZone), toMs: dayStartMs(`${nextMonth(month)}-01`, timeZone) };
}

function readDays(db: Db, range: CustomerRange): MonthDay[] {
  const by = <Row extends MeterDay>(rows: readonly Row[]) => new Map(rows.map((row) => [keyOf(row), row]));
  const events = by(eventsByDay(db, range));
  const shares = by(sharesByDay(db, range));
  const corrected = by(changesByDay(db, corrections, range));
  const settledOf = by(changesByDay(db, settled, range));
  const stripe = by(stripeDays(db, range));
  const labelOf = meterLabels(db);
  const keys = new Map<string, MeterDay>([...events, ...shares, ...corrected, ...settledOf]);
  // A day without usage here is of interest where Stripe counts something.
  for (const [key, day] of stripe) if (day.value !== 0) keys.set(key, day);
  return [...keys]
    .map(([key, { meter, dayMs: atMs }]) => {
      const parts = partsOf({
        events: events.get(key),
        shares: shares.get(key),
        corrections: corrected.get(key) ?? nothingChanged,
        settled: settledOf.get(key) ?? nothingChanged,
      });
      const bothSides = stripeOf(events.get(key), stripe.get(key));
      return { ...labelOf(meter), ...parts, meter, day: dayText(atMs), ...bothSides };
    })
    .toSorted((a, b) => a.day.localeCompare(b.day) || a.meter.localeCompare(b.meter));
}

function keyOf({ meter, dayMs: atMs }: MeterDay): string {
  return `${atMs} ${meter}`;
}

function dayText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

const nothingChanged: Changed = { amount: 0, worth: 0 };

type Found = {
  readonly events: Omit<EventsOfDay, keyof MeterDay | 'uncertain' | 'lastChangeMs'> | undefined;
  readonly shares: Omit<SharesOfDay, keyof MeterDay> | undefined;
  readonly corrections: Changed;
  readonly settled: Changed;
};

const noEvents = { delivered: 0, waiting: 0, rejected: 0, setAside: 0, carried: 0, remainderThousandths: 0 };
const noShares = { calls: 0, amount: 0, worth: 0, unpriced: 0, openAmount: 0 };

function partsOf({
  events = noEvents,
  shares = noShares,
  corrections: corrected,
  settled: itemised,
}: Found): MonthParts {
  return {
    calls: shares.calls,
    dueNanoUsd: shares.worth + corrected.worth + itemised.worth,
    unpricedCalls: shares.unpriced,
    dueThousandths: shares.amount + corrected.amount + itemised.amount,
    deliveredThousandths: events.delivered * 1_000,
    waitingThousandths: events.waiting * 1_000,
    rejectedThousandths: events.rejected * 1_000,
    setAsideThousandths: events.setAside * 1_000,
    carriedForwardThousandths: events.carried * 1_000,
    openThousandths: shares.openAmount,
    correctionsThousandths: corrected.amount,
    settledThousandths: itemised.amount,
    remainderThousandths: events.remainderThousandths,
  };
}

function stripeOf(events: EventsOfDay | undefined, stripe: StripeDay | undefined) {
  if (!stripe) return { stripeValue: null, readAtMs: null, differenceValue: null, cause: null };
  const { value: stripeValue, readAtMs } = stripe;
  const deliveredValue = events?.delivered ?? 0;
  const { uncertain: uncertainValue = 0, lastChangeMs = 0 } = events ?? {};
  return {
    stripeValue,
    readAtMs,
    differenceValue: stripeValue - deliveredValue,
    cause: causeOfDifference({ stripeValue, deliveredValue, uncertainValue, lastChangeMs, readAtMs }),
  };
}
