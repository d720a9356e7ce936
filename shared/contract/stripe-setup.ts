/** Setting a Stripe account up: what is to be done, step by step, before it is done, and what came of it. */
import { z } from 'zod';

const count = z.int().min(0);

export const setupActions = [
  'create_meter',
  'reactivate_meter',
  'create_product',
  'reactivate_product',
  'create_price',
  'replace_price',
  'reactivate_price',
  /** It is there as it should be. */
  'none',
  /** Something else stands in its place: a person decides. */
  'conflict',
  /** Only a person can know it. */
  'by_hand',
  /** The account could not be read that far. */
  'unknown',
] as const;
export type SetupAction = (typeof setupActions)[number];

export const setupStepSchema = z.object({
  what: z.enum(['meter', 'product', 'price']),
  action: z.enum(setupActions),
  /** The meter's event name, the product's id, the price's lookup key. */
  name: z.string(),
  sentence: z.string(),
  /** Of a conflict, and of what is left to a person. */
  remedy: z.string().nullable(),
  /** Stripe's id of what is there already. */
  id: z.string().nullable(),
});
export type SetupStep = z.infer<typeof setupStepSchema>;

export const setupViewSchema = z.object({
  mode: z.enum(['demo', 'test', 'live']),
  accountId: z.string(),
  plan: z.string(),
  /** Names this plan of steps: what is done later is what was shown, or nothing. */
  revision: z.string(),
  steps: z.array(setupStepSchema),
  /** Steps that would change something in the account. */
  toDo: count,
  /** Steps that a person has to look at. */
  toDecide: count,
  notes: z.array(z.string()),
});
export type SetupView = z.infer<typeof setupViewSchema>;

export const applySetupSchema = z.strictObject({ revision: z.string() });

export const setupOutcomes = ['found', 'done', 'left', 'failed', 'skipped'] as const;
export const setupResultSchema = z.object({
  mode: z.enum(['demo', 'test', 'live']),
  accountId: z.string(),
  steps: z.array(setupStepSchema.extend({ outcome: z.enum(setupOutcomes) })),
  /** Nothing failed, and nothing waits for a person that would keep calls from being billed. */
  isComplete: z.boolean(),
  sentence: z.string(),
});
export type SetupResult = z.infer<typeof setupResultSchema>;

/** Whose account this ledger is billed to, and what the key at hand says. */
export const stripeAccountViewSchema = z.object({
  bound: z.object({ accountId: z.string(), mode: z.enum(['test', 'live']), boundAtMs: z.int() }).nullable(),
  isDemo: z.boolean(),
  key: z.object({ isOpen: z.boolean(), sentence: z.string(), remedy: z.string().nullable() }),
  permissions: z.array(
    z.object({
      row: z.string(),
      access: z.enum(['Read', 'Write']),
      purpose: z.string(),
      everyDay: z.enum(['Read', 'Write']).nullable(),
    }),
  ),
  newKeyLink: z.string(),
});
export type StripeAccountView = z.infer<typeof stripeAccountViewSchema>;
