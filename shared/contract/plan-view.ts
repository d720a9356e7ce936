/** The metering plan as the API, the screen and `tollkeeper plan` tell and change it. */
import { z } from 'zod';

import type { FieldProblem } from './errors.ts';
import { meterLabelSchema } from './meter-amounts.ts';
import { datedPlanSchema, planSchema, type Plan } from './plan.ts';

const count = z.int().nonnegative();

/** What the ledger knows of its plans. */
export const planFactsSchema = z.object({
  /** Every plan that is or was in force, and the one to come, in order of time. */
  plans: z.array(datedPlanSchema),
  /** Sealed events that are not delivered yet, by meter: they keep it, whatever the plan becomes. At most 100 meters. */
  waiting: z.array(meterLabelSchema.extend({ meter: z.string(), events: count, worthNanoUsd: z.int() })),
  /** Models that calls of customers were answered by, at most 200: `tokens-by-model` has a meter for each class of each. */
  models: z.array(z.string()),
});
export type PlanFacts = z.infer<typeof planFactsSchema>;

export const planViewSchema = planFactsSchema.extend({
  /** The settings file. */
  file: z.string(),
  /** What the file says; null where it cannot be used. */
  inFile: planSchema.nullable(),
  /** Changes with every change of the plan in the file; null where that cannot be used. */
  revision: z.string().nullable(),
  inForce: datedPlanSchema,
  next: datedPlanSchema.nullable(),
  /** From when a change made now would be in force. */
  changeFromMs: z.int(),
  trouble: z.object({ message: z.string(), remedy: z.string() }).nullable(),
});
export type PlanView = z.infer<typeof planViewSchema>;

/** `revision` null replaces whatever is there. The plan is checked by `checkPlan`. */
export const changePlanSchema = z.strictObject({
  revision: z.string().nullable().default(null),
  plan: z.unknown(),
});

export type PlanCheck =
  | { readonly kind: 'valid'; readonly plan: Plan }
  | { readonly kind: 'invalid'; readonly problems: readonly FieldProblem[] };

const remedies: Readonly<Record<string, string>> = {
  kind: 'Give cost, tokens or tokens-by-model.',
  markupPercent: 'Give a percentage from 0 to 1000 with at most two decimals, such as 12.5.',
  customerMarkupPercent: 'Give a Stripe customer (cus_…) and a percentage from 0 to 1000 with at most two decimals.',
  eventName: 'Give a name of at most 100 characters that does not begin with the prefix of the token meters.',
  eventPrefix: 'Give two to forty small letters, digits and underscores, beginning with a letter.',
};

/** Everything that is wrong with it. A key that is left out is wrong too: it would become its default in silence. */
export function checkPlan(value: unknown): PlanCheck {
  const missing = missingKeys(value).map((key) => ({
    path: [key],
    message: `${key} is left out.`,
    remedy: 'Give every key that is shown.',
  }));
  const parsed = planSchema.safeParse(value);
  if (parsed.success && missing.length === 0) return { kind: 'valid', plan: parsed.data };
  return { kind: 'invalid', problems: [...missing, ...(parsed.error?.issues ?? []).map(problemOf)] };
}

function problemOf({ path, message, code }: z.core.$ZodIssue): FieldProblem {
  const keys = path.filter((part) => typeof part !== 'symbol');
  const [key = '', name = ''] = keys;
  return {
    path: keys,
    message: code === 'invalid_key' ? `"${name}" is no Stripe customer.` : `${message}.`,
    remedy: remedies[key] ?? 'Leave out what is not a key of a plan.',
  };
}

const planKeys = ['kind', 'markupPercent', 'customerMarkupPercent', 'eventName', 'eventPrefix'] as const;

function missingKeys(value: unknown): string[] {
  return value instanceof Object ? planKeys.filter((key) => !Object.hasOwn(value, key)) : [];
}
