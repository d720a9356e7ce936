/**
 * `GET /api/limits`: the rules in force, the budgets, and what is let on. `GET /api/limits/settings`: the settings they come from; `PUT` {revision,
 * settings} replaces them, in force for the next call. `POST /api/conversations/:id/allow` {forMs}: lets a conversation on past its
 * limits, null for good. `POST /api/conversations/:id/revoke`: no more. The id is percent-encoded; one that nobody has used yet can be let on too.
 */
import { Hono } from 'hono';

import { changeLimitsSchema, type LimitsSettingsView } from '../../shared/contract/limits-settings.ts';
import { allowSchema, type LimitsView } from '../../shared/contract/limits-view.ts';
import type { ApiParts } from './parts.ts';
import { readJson } from './query.ts';

export function limitsRoutes({ limits, rules }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/limits', (context) => context.json(limits.view() satisfies LimitsView));
  routes.get('/limits/settings', (context) => context.json(rules.view() satisfies LimitsSettingsView));
  routes.put('/limits/settings', async (context) => {
    const { settings, revision } = await readJson(context, changeLimitsSchema);
    return context.json(rules.change(settings, revision) satisfies LimitsSettingsView);
  });
  routes.post('/conversations/:id/allow', async (context) => {
    const { forMs } = await readJson(context, allowSchema);
    return context.json(await limits.allow(context.req.param('id'), forMs));
  });
  routes.post('/conversations/:id/revoke', async (context) =>
    context.json(await limits.revoke(context.req.param('id'))),
  );
  return routes;
}
