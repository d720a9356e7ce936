/** `GET /api/month?month=YYYY-MM&by=…`: one month by one dimension, from the rollups. `GET /api/unpriced?month=…`: why calls of it have no price. */
import { Hono } from 'hono';

import { monthQuerySchema } from '../../shared/contract/api.ts';
import { unpricedQuerySchema } from '../../shared/contract/unpriced.ts';
import { createDayOf, monthOfDay } from '../../shared/period.ts';
import type { ApiParts } from './parts.ts';
import { readQuery } from './query.ts';

export function monthRoutes({ read, clock, timeZone }: ApiParts): Hono {
  const dayOf = createDayOf(timeZone);
  const routes = new Hono();
  routes.get('/month', async (context) => {
    const query = readQuery(context, monthQuerySchema);
    const today = dayOf(clock.nowMs());
    return context.json(
      await read('month', { month: query.month ?? monthOfDay(today), by: query.by, today, timeZone }),
    );
  });
  routes.get('/unpriced', async (context) => {
    const query = readQuery(context, unpricedQuerySchema);
    return context.json(await read('unpriced', { month: query.month ?? monthOfDay(dayOf(clock.nowMs())) }));
  });
  return routes;
}
