/** `GET /api/batches`: message batches that were submitted here and not metered yet. They cost nothing until their results are fetched. */
import { Hono } from 'hono';

import type { ApiParts } from './parts.ts';

export function batchesRoutes({ read, clock }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/batches', async (context) =>
    context.json({ batches: await read('pendingBatches', { nowMs: clock.nowMs() }) }),
  );
  return routes;
}
