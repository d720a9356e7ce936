/** What became of an invoice item that a person had made. */
import { z } from 'zod';

export const itemOutcomeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['created', 'found']), item: z.string(), sentence: z.string() }),
  /** `unknown`: Stripe's answer never came; it is looked up before anything is made again. */
  z.object({ kind: z.enum(['not_created', 'unknown']), sentence: z.string() }),
]);
export type ItemOutcome = z.infer<typeof itemOutcomeSchema>;
