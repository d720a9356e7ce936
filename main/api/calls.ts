/** `GET /api/calls` (a filtered page), `/api/calls/total` (what the filter comes to), `/api/calls/facets` (what the filters can offer), `/api/calls/:id` (one call explained). */
import { Hono } from 'hono';

import { callsQuerySchema } from '../../shared/contract/api.ts';
import { AppError } from '../../shared/contract/errors.ts';
import type { ApiParts } from './parts.ts';
import { readQuery } from './query.ts';

export function callsRoutes({ read }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/calls', async (context) => context.json(await read('calls', readQuery(context, callsQuerySchema))));
  routes.get('/calls/total', async (context) => {
    const { cursor: _cursor, limit: _limit, ...filter } = readQuery(context, callsQuerySchema);
    return context.json(await read('callsTotal', filter));
  });
  routes.get('/calls/facets', async (context) => context.json(await read('facets', null)));
  routes.get('/calls/:id', async (context) => {
    const call = await read('call', context.req.param('id'));
    if (call) return context.json(call);
    throw new AppError(
      'not_found',
      'There is no settled call with this id.',
      'A call on its way appears once it has ended.',
    );
  });
  return routes;
}
