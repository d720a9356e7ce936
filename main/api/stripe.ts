/**
 * `GET /api/stripe`: the outbox and what it is worth; `…/events/:id`: one event with its calls. `POST /api/stripe/sync`: send what waits now. `…/events/:id/retry`: put one that waits, was
 * refused or was set aside in line again; `…/events/:id/set-aside`: bill it another way. `…/carry-forwards/:customer`: what was set aside of a
 * customer stands on an invoice item of this sum. `…/online`: the host says that the network is back.
 */
import { Hono } from 'hono';

import { carryForwardRequestSchema } from '../../shared/contract/api.ts';
import { AppError } from '../../shared/contract/errors.ts';
import type { ApiParts } from './parts.ts';
import { readJson } from './query.ts';

const remedy = 'See `tollkeeper sync status` for the ids.';

export function stripeRoutes({ sync }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/stripe', async (context) => context.json(await sync.view()));
  routes.get('/stripe/events/:id', async (context) => {
    const event = await sync.event(context.req.param('id'));
    if (event === null) throw new AppError('not_found', 'There is no meter event of this id.', remedy);
    return context.json(event);
  });
  routes.post('/stripe/sync', async (context) => context.json(await sync.now()));
  routes.post('/stripe/online', (context) => {
    sync.online();
    return context.json({});
  });
  routes.post('/stripe/events/:id/retry', async (context) => {
    if (await sync.retry(context.req.param('id'))) return context.json(await sync.now());
    throw new AppError('not_found', 'No meter event of this id waits, was refused or was set aside.', remedy);
  });
  routes.post('/stripe/events/:id/set-aside', async (context) => {
    if (await sync.setAside(context.req.param('id'))) return context.json(await sync.view());
    throw new AppError(
      'not_found',
      'No meter event of this id can be set aside: only one that was refused, is not sent yet, or that Stripe’s figure cannot explain.',
      remedy,
    );
  });
  routes.post('/stripe/carry-forwards/:customer', async (context) => {
    const { nanoUsd } = await readJson(context, carryForwardRequestSchema);
    if (await sync.carryForward(context.req.param('customer'), nanoUsd)) return context.json(await sync.view());
    throw new AppError(
      'not_found',
      'What is set aside of this customer is not this sum.',
      'Look at the sum again, then name it.',
    );
  });
  return routes;
}
