/**
 * `GET /api/stripe/plan`: the metering plan in force, since when, what comes next and what was before. `PUT` {revision, plan}: another one, in force with the
 * next minute that has not begun; what was counted before stays under its own plan.
 */
import { Hono } from 'hono';

import { changePlanSchema, type PlanView } from '../../shared/contract/plan-view.ts';
import type { ApiParts } from './parts.ts';
import { readJson } from './query.ts';

export function planRoutes({ rules }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/stripe/plan', async (context) => context.json((await rules.plan.view()) satisfies PlanView));
  routes.put('/stripe/plan', async (context) => {
    const { plan, revision } = await readJson(context, changePlanSchema);
    return context.json((await rules.plan.change(plan, revision)) satisfies PlanView);
  });
  return routes;
}
