/**
 * The team's own keys, of an engine that runs without the desktop app. `GET /api/secrets`: which are known, and from where. There is no keychain to keep one
 * in, so giving one is answered with what to set instead. (In the desktop app its shell answers all of these, main/shell/secrets-requests.ts.)
 */
import { Hono } from 'hono';

import { AppError } from '../../shared/contract/errors.ts';
import { secretVariables, type SecretsView } from '../../shared/contract/secrets.ts';
import type { ApiParts } from './parts.ts';

export function secretsRoutes({ secrets }: ApiParts): Hono {
  const routes = new Hono();
  routes.get('/secrets', (context) => context.json(secrets.view() satisfies SecretsView));
  // The body, which may hold a key, is not read.
  routes.on(['PUT', 'DELETE'], '/secrets/:name', () => {
    const variables = Object.values(secretVariables).join(', ');
    throw new AppError(
      'bad_usage',
      'Without the desktop app there is no keychain to keep a key in.',
      `Set it where Tollkeeper is started (${variables}), and start it again.`,
    );
  });
  return routes;
}
