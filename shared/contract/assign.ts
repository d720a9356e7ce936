/** Saying afterwards who made a call: one call, or all like it that have no member. */
import { z } from 'zod';

const name = z.string().trim().min(1).max(100);
const count = z.int().min(0);

/**
 * `call`: this one, whoever it was assigned to. `conversation`, `user` (as the client names them), `client`: every call of it that has no member; a null
 * client is one that told no name.
 */
export const assignedCallsSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('call'), id: z.string() }),
  z.strictObject({ kind: z.literal('conversation'), conversation: z.string() }),
  z.strictObject({ kind: z.literal('user'), user: z.string() }),
  z.strictObject({ kind: z.literal('client'), client: z.string().nullable() }),
]);
export type AssignedCalls = z.infer<typeof assignedCallsSchema>;

export const assignSchema = z.strictObject({
  which: assignedCallsSchema,
  member: name,
  /** Null leaves what each call has. */
  project: name.nullable().default(null),
});
export type AssignRequest = z.infer<typeof assignSchema>;

/** `already` were this member's before. */
export const assignAnswerSchema = z.object({ assigned: count, already: count });
export type AssignAnswer = z.infer<typeof assignAnswerSchema>;
