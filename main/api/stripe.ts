/** `GET /api/stripe`: the outbox and what it is worth. `POST /api/stripe/sync`: send what waits now.
 * `POST /api/stripe/events/:id/retry`: put one that waits or was refused in line again. */
import { Hono } from 'hono';

import { AppError } from '../../shared/contract/errors.ts';
import type { ApiParts } from './parts.ts';

export function stripeRoutes({ sync }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/stripe', async (context) => context.json(await sync.view()));
  routes.post('/stripe/sync', async (context) => context.json(await sync.now()));
  routes.post('/stripe/events/:id/retry', async (context) => {
    if (await sync.retry(context.req.param('id'))) return context.json(await sync.now());
    throw new AppError(
      'not_found',
      'No meter event of this id waits or was refused.',
      'See `tollkeeper sync status` for the ids.',
    );
  });
  return routes;
}
