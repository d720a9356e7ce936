/** The body of every answer of the API that is not 2xx. Apart from errors.ts, so that a thread that throws one need not load a validator. */
import { z } from 'zod';

import { errorCodes } from './errors.ts';

export const apiErrorSchema = z.object({
  error: z.object({
    code: z.enum(errorCodes),
    message: z.string(),
    remedy: z.string(),
    /** What is wrong field by field, where the body was a form of several. */
    fields: z
      .array(z.object({ path: z.array(z.union([z.string(), z.int()])), message: z.string(), remedy: z.string() }))
      .optional(),
  }),
});
export type ApiError = z.infer<typeof apiErrorSchema>;
