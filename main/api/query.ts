/** Reads a query string, or a JSON body, by its schema. @throws AppError `bad_usage` that names what is wrong with it. */
import type { Context } from 'hono';
import { z } from 'zod';

import { AppError } from '../../shared/contract/errors.ts';

export function readQuery<Schema extends z.ZodType>(context: Context, schema: Schema): z.infer<Schema> {
  const parsed = schema.safeParse(context.req.query());
  if (parsed.success) return parsed.data;
  throw new AppError(
    'bad_usage',
    `The query is not usable: ${z.prettifyError(parsed.error)}`,
    'Correct the parameter it names.',
  );
}

export async function readJson<Schema extends z.ZodType>(context: Context, schema: Schema): Promise<z.infer<Schema>> {
  const body: unknown = await context.req.json().catch(() => null);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new AppError(
    'bad_usage',
    `The body is not usable: ${z.prettifyError(parsed.error)}`,
    'Send the JSON that docs/architecture.md describes.',
  );
}
