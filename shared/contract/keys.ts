/**
 * Member keys as the API and the screens have them. A key stands in none of these but in the answer that made it, once; everything else knows it by its id
 * and its last characters.
 */
import { z } from 'zod';

const name = z.string().trim().min(1).max(100);
const instantMs = z.int();

export const memberKeyRowSchema = z.object({
  /** "key_1": for commands and addresses, no secret. */
  id: z.string(),
  /** What a person calls it: "laptop"; empty where nobody did. */
  name: z.string(),
  member: z.string(),
  /** Null: the call's own word, or the machine's default. */
  project: z.string().nullable(),
  /** The last characters of the key, to tell it from others. */
  ending: z.string(),
  createdAtMs: instantMs,
  rotatedAtMs: instantMs.nullable(),
  revokedAtMs: instantMs.nullable(),
  /** Until when the key before the last rotation still works; null where none does. */
  oldWorksUntilMs: instantMs.nullable(),
});
export type MemberKeyRow = z.infer<typeof memberKeyRowSchema>;

export const memberKeysViewSchema = z.object({
  atMs: instantMs,
  keys: z.array(memberKeyRowSchema),
  /** Without an Anthropic key of our own nothing can take a member key's place, and its calls are refused. */
  hasAnthropicKey: z.boolean(),
});
export type MemberKeysView = z.infer<typeof memberKeysViewSchema>;

export const createKeySchema = z.strictObject({
  member: name,
  project: name.nullable().default(null),
  name: z.string().trim().max(100).default(''),
});
export type CreateKey = z.infer<typeof createKeySchema>;

export const renameKeySchema = z.strictObject({ name: z.string().trim().max(100) });
export const rotateKeySchema = z.strictObject({ isNow: z.boolean().default(false) });

/** The only place where a key stands in the clear. */
export const madeKeySchema = z.object({ key: memberKeyRowSchema, secret: z.string() });
export type MadeKey = z.infer<typeof madeKeySchema>;

/** How long the old key works after a rotation, so that whoever has it can change it over. */
export const rotationGraceMs = 24 * 3_600_000;
