/**
 * `GET /api/stripe`: the outbox and what it is worth; `…/events/:id`: one event with its calls. `POST /api/stripe/sync`: send what waits now. `…/events/:id/retry`: put one that waits, was
 * refused or was set aside in line again; `…/events/:id/set-aside`: bill it another way. `…/carry-forwards/:customer`: what is proposed of a
 * customer stands on an invoice item of this sum; `…/item`: make that item in Stripe. `GET …/months`: who is billed; `…/months/:customer`: a month on both
 * sides as last read, `…/read`: after asking Stripe. `…/online`: the host says that the network is back.
 */
import { Hono } from 'hono';

import { carryForwardRequestSchema } from '../../shared/contract/api.ts';
import { monthRequestSchema } from '../../shared/contract/stripe-month.ts';
import { AppError } from '../../shared/contract/errors.ts';
import type { ApiParts } from './parts.ts';
import { readJson, readQuery } from './query.ts';

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
  routes.post('/stripe/carry-forwards/:customer/item', async (context) => {
    const { nanoUsd } = await readJson(context, carryForwardRequestSchema);
    return context.json(await sync.createItem(context.req.param('customer'), nanoUsd));
  });
  routes.get('/stripe/months', async (context) => context.json({ customers: await sync.billedCustomers() }));
  routes.get('/stripe/months/:customer', async (context) => {
    const { month } = readQuery(context, monthRequestSchema);
    return context.json(await sync.month(context.req.param('customer'), month));
  });
  routes.post('/stripe/months/:customer/read', async (context) => {
    const { month } = await readJson(context, monthRequestSchema);
    return context.json(await sync.readMonth(context.req.param('customer'), month));
  });
  routes.post('/stripe/carry-forwards/:customer', async (context) => {
    const { nanoUsd } = await readJson(context, carryForwardRequestSchema);
    if (await sync.carryForward(context.req.param('customer'), nanoUsd)) return context.json(await sync.view());
    throw new AppError(
      'not_found',
      'What is proposed of this customer is not this sum.',
      'Look at the sum again, then name it.',
    );
  });
  return routes;
}
