/** Why the calls of a month have no price, grouped: what a manager reads beside a total that they are not in. */
import { z } from 'zod';

const count = z.int().min(0);
const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

export const unpricedQuerySchema = z.object({ month: month.optional() });

export const unpricedViewSchema = z.object({
  month,
  /** All unpriced calls of the month. */
  calls: count,
  /** The most frequent first. */
  reasons: z.array(z.object({ reason: z.string(), calls: count, lastStartedAtMs: z.int() })),
  /** In `calls` and in no reason above: rarer reasons, and calls beyond the newest that were looked at. */
  otherCalls: count,
});
export type UnpricedView = z.infer<typeof unpricedViewSchema>;
