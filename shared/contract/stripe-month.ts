/** A customer's month on both sides: the ledger's days beside Stripe's figures of them. Days are UTC, as Stripe's are. */
import { z } from 'zod';

import { meterLabelSchema } from './meter-amounts.ts';

const nanoUsd = z.int();
const count = z.int().min(0);
const instantMs = z.int();
const thousandths = z.int();

/** What the calls come to on one meter, and where that is: the parts add up to `dueThousandths`. Thousandths of the meter's unit. */
export const monthPartsSchema = z.object({
  calls: count,
  /** In money, with the markup; what has no price is not in it. */
  dueNanoUsd: nanoUsd,
  /** Of the calls, those without a price. */
  unpricedCalls: count,
  dueThousandths: thousandths,
  /** Stripe took it, and no report says otherwise. */
  deliveredThousandths: thousandths,
  waitingThousandths: thousandths,
  rejectedThousandths: thousandths,
  setAsideThousandths: thousandths,
  carriedForwardThousandths: thousandths,
  /** In minutes that are not sealed yet. */
  openThousandths: thousandths,
  /** Corrected after it was sent, and not settled: more, or less than nothing. */
  correctionsThousandths: thousandths,
  /** Corrected after it was sent, and settled by an invoice item. */
  settledThousandths: thousandths,
  /** Below the meter's unit: carried to a later event, less what was carried in. */
  remainderThousandths: thousandths,
});
export type MonthParts = z.infer<typeof monthPartsSchema>;

const ofMeter = meterLabelSchema.extend(monthPartsSchema.shape).extend({
  meter: z.string(),
  /** Stripe's figure, in the meter's unit; null where it has not been read. It may be no whole number where something else sends to the meter. */
  stripeValue: z.number().nullable(),
  /** Stripe's figure less what was delivered. */
  differenceValue: z.number().nullable(),
});

export const monthDaySchema = ofMeter.extend({
  day: z.string(),
  readAtMs: instantMs.nullable(),
  /** Why they differ, in plain words; null where they agree, or nothing was read. */
  cause: z.string().nullable(),
});
export type MonthDay = z.infer<typeof monthDaySchema>;

export const monthMeterSchema = ofMeter.extend({
  /** What the parts leave over; 0 unless the ledger is damaged. */
  leftThousandths: thousandths,
});
export type MonthMeter = z.infer<typeof monthMeterSchema>;

export const customerMonthSchema = z.object({
  customer: z.string(),
  month: z.string(),
  days: z.array(monthDaySchema),
  /** Every meter of the month by itself, since units do not add up. */
  meters: z.array(monthMeterSchema),
  /** In money, of all meters; a call that several meters count is one. */
  total: z.object({ calls: count, dueNanoUsd: nanoUsd }),
  /** The same month in the days of the ledger's zone, which begin and end at other moments. */
  ledgerMonth: z.object({
    timeZone: z.string(),
    fromMs: instantMs,
    toMs: instantMs,
    calls: count,
    dueNanoUsd: nanoUsd,
  }),
  /** Of the UTC month, and in no sum of money. */
  unpricedCalls: count,
  /** The oldest reading of a day that has one; null when none has. */
  readAtMs: instantMs.nullable(),
  reads: z.object({ used: count, max: count }),
});
export type CustomerMonth = z.infer<typeof customerMonthSchema>;

/** After asking Stripe: how many reads that took, and why it told nothing, where it did not. */
export const customerMonthReadSchema = customerMonthSchema.extend({
  readsTaken: count,
  trouble: z.string().nullable(),
});
export type CustomerMonthRead = z.infer<typeof customerMonthReadSchema>;

export const monthRequestSchema = z.strictObject({
  month: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a month is written YYYY-MM'),
});

/** Whoever has had a meter event. */
export const billedCustomersSchema = z.object({ customers: z.array(z.string()) });
