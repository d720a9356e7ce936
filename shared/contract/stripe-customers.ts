/** Who is billed for whom: the account's customers, what projects and members map to, and the calls that wait for a customer. */
import { z } from 'zod';

import { stripeCustomerSchema } from './stripe-customer.ts';

const name = z.string().trim().min(1).max(100);
const count = z.int().min(0);
const nanoUsd = z.int();
const instantMs = z.int();

export const stripeCustomerRowSchema = z.object({
  id: z.string(),
  name: z.string().nullable(),
  email: z.string().nullable(),
});
export type StripeCustomerRow = z.infer<typeof stripeCustomerRowSchema>;

/** What is looked for in names and addresses; empty: the newest. */
export const customersQuerySchema = z.object({ search: z.string().trim().max(200).default('') });

export const customersViewSchema = z.object({
  mode: z.enum(['demo', 'test', 'live']),
  accountId: z.string(),
  customers: z.array(stripeCustomerRowSchema),
  /** There are others; a search finds them. */
  hasMore: z.boolean(),
  reads: z.object({ used: count, max: count }),
});
export type CustomersView = z.infer<typeof customersViewSchema>;

export const createCustomerSchema = z.strictObject({
  name: z.string().trim().min(1, 'a name').max(256),
  email: z
    .string()
    .trim()
    .max(512)
    .regex(/^[^@\s]+@[^@\s]+$/, 'an address as billing@example.com')
    .nullable()
    .default(null),
});
export type CreateCustomer = z.infer<typeof createCustomerSchema>;

export const mapRequestSchema = z.strictObject({
  kind: z.enum(['project', 'member']),
  name,
  /** Null: mapped to none any more. */
  customer: stripeCustomerSchema.nullable(),
  /** Without asking Stripe whether it knows the customer, for a machine that is offline. */
  isUnchecked: z.boolean().default(false),
});
export type MapRequest = z.infer<typeof mapRequestSchema>;

const sumOfCalls = z.object({ calls: count, costNanoUsd: nanoUsd });

/** Calls of one project, or of one member where they name no project, or of nobody, that have no customer; or that have one which Stripe does not know. */
export const unmappedGroupSchema = z.object({
  project: z.string().nullable(),
  /** Only where the project is null. */
  member: z.string().nullable(),
  /** Of any project and member then. */
  unknownCustomer: z.string().nullable(),
  /** Those that Stripe's window still takes. */
  calls: count,
  costNanoUsd: nanoUsd,
  unpricedCalls: count,
  firstMs: instantMs.nullable(),
  /** When the first of them leaves the window. */
  leavesAtMs: instantMs.nullable(),
  /** Those that left it: an invoice item can still bill them. */
  older: sumOfCalls,
  /** Of an unknown customer: what Stripe may count, so that it stays. */
  uncertain: sumOfCalls,
  /** What they are mapped to by now, so where their later calls go. */
  customer: z.string().nullable(),
});
export type UnmappedGroup = z.infer<typeof unmappedGroupSchema>;

export const mappingViewSchema = z.object({
  projects: z.array(z.object({ name: z.string(), customer: z.string() })),
  members: z.array(z.object({ name: z.string(), customer: z.string() })),
  /** Projects and members of the ledger, to choose from. */
  known: z.object({ projects: z.array(z.string()), members: z.array(z.string()) }),
  /** Where everything else goes; null: to nobody. */
  fallback: z.string().nullable(),
  /** By id, as far as this engine has seen them in Stripe. */
  names: z.record(z.string(), z.string()),
  /** The largest first, at most 200. */
  unmapped: z.array(unmappedGroupSchema),
  asOfMs: instantMs,
  /** Whether the settings file could be read; what was in force stays otherwise. */
  trouble: z.object({ message: z.string(), remedy: z.string() }).nullable(),
});
export type MappingView = z.infer<typeof mappingViewSchema>;

export const releasedCallsSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('project'), project: name }),
  /** Whatever project they name. */
  z.strictObject({ kind: z.literal('member'), member: name }),
  /** Neither a project nor a member. */
  z.strictObject({ kind: z.literal('nobody') }),
  /** Of a customer that Stripe does not know. */
  z.strictObject({ kind: z.literal('customer'), customer: stripeCustomerSchema }),
]);
export type ReleasedCalls = z.infer<typeof releasedCallsSchema>;

export const releaseRequestSchema = z.strictObject({
  which: releasedCallsSchema,
  /** Null: what they are mapped to. */
  customer: stripeCustomerSchema.nullable().default(null),
  /** Those that left Stripe's window as well: they are set aside, and an invoice item is proposed. */
  withOlder: z.boolean().default(false),
  /** Only tells what would be done. */
  isTrial: z.boolean().default(false),
});
export type ReleaseRequest = z.infer<typeof releaseRequestSchema>;

export const releaseAnswerSchema = z.object({
  customer: z.string(),
  isTrial: z.boolean(),
  /** Within Stripe's window. */
  calls: count,
  costNanoUsd: nanoUsd,
  /** Of these: billed once they have a price. */
  unpricedCalls: count,
  fromMs: instantMs.nullable(),
  toMs: instantMs.nullable(),
  /** Past the window: released with the others, or left where they are. */
  older: z.object({ calls: count, costNanoUsd: nanoUsd, isReleased: z.boolean() }),
  uncertain: sumOfCalls,
});
export type ReleaseAnswer = z.infer<typeof releaseAnswerSchema>;
