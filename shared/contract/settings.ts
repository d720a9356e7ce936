/**
 * The settings file (`$TOLLKEEPER_HOME/settings.json`). Secrets are not settings and never stand here.
 * Every key has a default, so an empty object is a valid file; an unknown key is refused, because a misspelt one would be ignored in silence.
 */
import { z } from 'zod';

import { limitsSettingsSchema } from './limits.ts';
import { planSchema } from './plan.ts';
import { stripeCustomerSchema } from './stripe-customer.ts';

const name = z.string().trim().min(1).max(100);
/** Anthropic's clients wait 600 s, and a long answer may be silent for most of it (facts/anthropic.md section 3). */
const upstreamTimeoutMinSeconds = 600;
const hostName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9._-]{1,253}$/, 'a host name without port, as gateway.lan');
const origin = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z][a-z0-9+.-]*:\/\/[^/\s]*$/, 'an origin without path, as https://tool.example');

export const settingsSchema = z.strictObject({
  teamName: name.default('My team'),
  /** IANA zone in which days and months begin; empty means the zone of this machine. */
  timeZone: z.string().default(''),
  port: z.int().min(0).max(65_535).default(4141),
  uiPort: z.int().min(0).max(65_535).default(4142),
  upstream: z.url({ protocol: /^https?$/ }).default('https://api.anthropic.com'),
  /** Silence of the upstream, before its headers or in mid-answer, after which a call is given up: 504, or the connection cut. */
  upstreamTimeoutSeconds: z.int().min(upstreamTimeoutMinSeconds).max(86_400).default(900),
  /** Certificates (PEM) to trust besides those of Node, for a network whose proxy signs its own. A relative path starts at the home folder. */
  upstreamCaFile: z.string().trim().min(1).nullable().default(null),
  /** Names of this machine, besides its own, under which clients may reach the proxy. */
  allowedHosts: z.array(hostName).max(100).default([]),
  /** Web pages that may call through the proxy from a browser; those that this machine serves may anyway. */
  allowedOrigins: z.array(origin).max(100).default([]),
  stripeApiBase: z.url({ protocol: /^https?$/ }).default('https://api.stripe.com'),
  /** Meter events by the hundred on Stripe's stream, with a live key only. It answers nothing: what it counted is known a day later. */
  stripeStream: z.boolean().default(false),
  /** Attribution of calls that name no member or project themselves. */
  member: name.nullable().default(null),
  project: name.nullable().default(null),
  customer: stripeCustomerSchema.nullable().default(null),
  /** Who is billed: a project's or a member's Stripe customer. The project wins. */
  customers: z
    .strictObject({
      projects: z.record(name, stripeCustomerSchema).default({}),
      members: z.record(name, stripeCustomerSchema).default({}),
    })
    .prefault({}),
  limits: limitsSettingsSchema.prefault({}),
  /** Read Claude Code's transcripts while they grow, so that what did not pass the proxy is in the ledger too. */
  watchTranscripts: z.boolean().default(false),
  /** Read an answer to its end when the client leaves: exact counts, at the price of output that nobody reads. Off saves the money. */
  drainOnAbort: z.boolean().default(false),
  plan: planSchema,
  /** Calls that are corrected within 24 hours of their meter event have it cancelled at Stripe and sent anew; off: a carry-forward settles them. */
  adjustSentEvents: z.boolean().default(true),
});

export type Settings = z.infer<typeof settingsSchema>;
