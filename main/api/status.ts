/** `GET /api/status`: what this engine is and where it listens. */
import { Hono } from 'hono';

import type { ApiParts } from './parts.ts';

export function statusRoutes({ status }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/status', (context) => context.json(status()));
  return routes;
}
