/**
 * What the desktop app and its engine process say to each other: the shell hands over what only it has (secrets from the vault), the engine
 * answers with its addresses. Everything after that is HTTP on loopback. Checked on both sides; a message of another shape is a bug.
 */
import { z } from 'zod';

import { secretsSchema } from './secrets.ts';

export const startMessageSchema = z.strictObject({
  kind: z.literal('start'),
  home: z.string(),
  isDemo: z.boolean(),
  token: z.string().min(32),
  port: z.int().optional(),
  uiPort: z.int().optional(),
  upstream: z.string().optional(),
  secrets: secretsSchema,
});
export type StartMessage = z.infer<typeof startMessageSchema>;

/** Somebody gave or took a key: in use from the next call on. */
export const secretsMessageSchema = z.strictObject({ kind: z.literal('secrets'), secrets: secretsSchema });
export type SecretsMessage = z.infer<typeof secretsMessageSchema>;

export const closeMessageSchema = z.strictObject({ kind: z.literal('close') });
export const toEngineSchema = z.discriminatedUnion('kind', [
  startMessageSchema,
  secretsMessageSchema,
  closeMessageSchema,
]);

export const fromEngineSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ready'), proxyUrl: z.string(), dashboardUrl: z.string() }),
  /** The last word of a close: what waits for Stripe. */
  z.strictObject({ kind: z.literal('closed'), waitingEvents: z.int(), waitingNanoUsd: z.int() }),
  z.strictObject({ kind: z.literal('failed'), message: z.string(), remedy: z.string() }),
]);
export type FromEngine = z.infer<typeof fromEngineSchema>;
