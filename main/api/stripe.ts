/** `GET /api/stripe`: the outbox and what it is worth. `POST /api/stripe/sync`: send what waits now. */
import { Hono } from 'hono';

import type { ApiParts } from './parts.ts';

export function stripeRoutes({ stripeView, syncNow }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/stripe', async (context) => context.json(await stripeView()));
  routes.post('/stripe/sync', async (context) => context.json(await syncNow()));
  return routes;
}
