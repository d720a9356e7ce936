/**
 * A metering plan: what Stripe is told of a call. Part of the settings; the ledger keeps each one with the minute from which it is in force.
 *
 * `cost`: one meter of billable micro-dollars, the cost with the customer's markup. `tokens`: a meter for each class of tokens. `tokens-by-model`: a
 * meter for each class of tokens of each model. Under the last two Stripe's own prices make the bill; the markup then only says what the tokens are worth.
 */
import { z } from 'zod';

import { defaultPlan } from '../default-plan.ts';
import { stripeCustomerSchema } from './stripe-customer.ts';

export const planKinds = ['cost', 'tokens', 'tokens-by-model'] as const;
export type PlanKind = (typeof planKinds)[number];

/** A hundredth of a percent is the finest step, so that every markup is a whole number of basis points (shared/billable.ts). */
const percent = z.number().min(0).max(1_000).multipleOf(0.01, 'a percentage with at most two decimals');
const customersMax = 10_000;

export const planSchema = z
  .strictObject({
    kind: z.enum(planKinds),
    /** Added to the cost of a customer that has no markup of its own; 0 passes the cost through. */
    markupPercent: percent.default(defaultPlan.markupPercent),
    /** By Stripe customer. */
    customerMarkupPercent: z
      .record(stripeCustomerSchema, percent)
      .refine((markups) => Object.keys(markups).length <= customersMax, `at most ${customersMax} customers`)
      .default(defaultPlan.customerMarkupPercent),
    /** `event_name` of the meter of plan `cost`; its unit is one micro-dollar. */
    eventName: z.string().trim().min(1).max(100).default(defaultPlan.eventName),
    /** What the event names of plans `tokens` and `tokens-by-model` begin with; the class and the model follow (shared/plan-meters.ts). */
    eventPrefix: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,38}[a-z0-9]$/, 'two to forty small letters, digits and underscores')
      .default(defaultPlan.eventPrefix),
  })
  .refine(({ eventName, eventPrefix }) => !eventName.startsWith(`${eventPrefix}_`), {
    message: 'the name of the cost meter may not begin with the prefix of the token meters: a meter has one unit',
    path: ['eventName'],
  })
  .prefault({ kind: defaultPlan.kind });

export type Plan = z.infer<typeof planSchema>;

/** A plan and when: `fromMs` is a whole minute, 0 from the beginning. */
export const datedPlanSchema = z.object({
  seq: z.int(),
  fromMs: z.int(),
  setAtMs: z.int(),
  plan: planSchema,
});
export type DatedPlan = z.infer<typeof datedPlanSchema>;
