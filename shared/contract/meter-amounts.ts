/** Amounts of meters as the API tells them: a value never stands without its unit, and sums of money never hold tokens. */
import { z } from 'zod';

import { meteredClasses, meterUnits } from '../plan-meters.ts';

const count = z.int().nonnegative();
const nanoUsd = z.int();

/** What a meter counts. */
export const meterLabelSchema = z.object({
  unit: z.enum(meterUnits),
  /** Null on a meter of money. */
  tokenClass: z.enum(meteredClasses).nullable(),
  /** Null on a meter of every model. */
  model: z.string().nullable(),
});
export type MeterLabel = z.infer<typeof meterLabelSchema>;

export const signedQuantities = { tokens: z.int(), requests: z.int() };
export const quantities = {
  tokens: count,
  requests: count,
  /** Events with calls that have no price: what they are worth is not all known. */
  unpricedEvents: count,
};
/** What a sum of money says nothing of: the tokens and requests of token meters. */
export const quantitiesSchema = z.object(quantities);
export type Quantities = z.infer<typeof quantitiesSchema>;

/** What Stripe was told of a call on a meter, and what it should have been told. Amounts are thousandths of the unit; worth is null without a price. */
export const toldAndDueSchema = meterLabelSchema.extend({
  sentThousandths: z.int(),
  dueThousandths: z.int(),
  sentWorthNanoUsd: nanoUsd.nullable(),
  dueWorthNanoUsd: nanoUsd.nullable(),
});
export type ToldAndDue = z.infer<typeof toldAndDueSchema>;
