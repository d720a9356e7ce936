/** `POST /api/assign` {which, member, project}: says afterwards who made a call, or every call like it that has no member. */
import { Hono } from 'hono';

import { assignSchema } from '../../shared/contract/assign.ts';
import type { ApiParts } from './parts.ts';
import { readJson } from './query.ts';

export function assignRoutes({ assigning }: ApiParts): Hono {
  const routes = new Hono();
  routes.post('/assign', async (context) => context.json(await assigning(await readJson(context, assignSchema))));
  return routes;
}
