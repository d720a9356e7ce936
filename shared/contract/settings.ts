/**
 * The settings file (`$TOLLKEEPER_HOME/settings.json`). Secrets are not settings and never stand here.
 * Every key has a default, so an empty object is a valid file; an unknown key is refused, because a misspelt one would be ignored in silence.
 */
import { z } from 'zod';

const name = z.string().trim().min(1).max(100);
const stripeCustomer = z.string().regex(/^cus_[A-Za-z0-9_]+$/, 'a Stripe customer id starts with cus_');

export const planSchema = z
  .strictObject({
    kind: z.enum(['cost']),
    /** Added to the cost before it is billed; 0 passes the cost through. */
    markupPercent: z.number().int().min(0).max(1_000).default(0),
    /** `event_name` of the Stripe meter; its unit is one micro-dollar. */
    eventName: z.string().min(1).max(100).default('tollkeeper_cost_micro_usd'),
  })
  .prefault({ kind: 'cost' });

export const settingsSchema = z.strictObject({
  teamName: name.default('My team'),
  /** IANA zone in which days and months begin; empty means the zone of this machine. */
  timeZone: z.string().default(''),
  port: z.int().min(0).max(65_535).default(4141),
  uiPort: z.int().min(0).max(65_535).default(4142),
  upstream: z.url({ protocol: /^https?$/ }).default('https://api.anthropic.com'),
  stripeApiBase: z.url({ protocol: /^https?$/ }).default('https://api.stripe.com'),
  /** Attribution of calls that name no member or project themselves. */
  member: name.nullable().default(null),
  project: name.nullable().default(null),
  customer: stripeCustomer.nullable().default(null),
  /** Who is billed: a project's or a member's Stripe customer. The project wins. */
  customers: z
    .strictObject({
      projects: z.record(name, stripeCustomer).default({}),
      members: z.record(name, stripeCustomer).default({}),
    })
    .prefault({}),
  contextLimit: z.int().min(1_000).max(10_000_000).default(100_000),
  /** Read Claude Code's transcripts while they grow, so that what did not pass the proxy is in the ledger too. */
  watchTranscripts: z.boolean().default(false),
  /** Read an answer to its end when the client leaves: exact counts, at the price of output that nobody reads. Off saves the money. */
  drainOnAbort: z.boolean().default(false),
  plan: planSchema,
});

export type Settings = z.infer<typeof settingsSchema>;
export type Plan = z.infer<typeof planSchema>;
