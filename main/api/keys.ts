/**
 * Member keys. `GET /api/keys`: what there is, never a key. `POST /api/keys` {member, project, name} and `/api/keys/:id/rotate` {isNow} answer with the
 * new key, once; `/api/keys/:id/name` {name}, `/api/keys/:id/revoke`.
 */
import { Hono } from 'hono';

import {
  createKeySchema,
  renameKeySchema,
  rotateKeySchema,
  type MadeKey,
  type MemberKeysView,
} from '../../shared/contract/keys.ts';
import type { ApiParts } from './parts.ts';
import { readJson } from './query.ts';

export function keysRoutes({ keys, clock }: ApiParts): Hono {
  const routes = new Hono();
  routes.use('/keys/*', async (context, next) => {
    await next();
    // A key stays in no cache.
    context.header('cache-control', 'no-store');
  });
  routes.get('/keys', (context) =>
    context.json({
      atMs: clock.nowMs(),
      keys: keys.list(),
      hasAnthropicKey: keys.hasAnthropicKey,
    } satisfies MemberKeysView),
  );
  routes.post('/keys', async (context) =>
    context.json(keys.create(await readJson(context, createKeySchema)) satisfies MadeKey),
  );
  routes.post('/keys/:id/rotate', async (context) => {
    const { isNow } = await readJson(context, rotateKeySchema);
    return context.json(keys.rotate(context.req.param('id'), isNow) satisfies MadeKey);
  });
  routes.post('/keys/:id/name', async (context) => {
    const { name } = await readJson(context, renameKeySchema);
    return context.json(keys.rename(context.req.param('id'), name));
  });
  routes.post('/keys/:id/revoke', (context) => context.json(keys.revoke(context.req.param('id'))));
  return routes;
}
