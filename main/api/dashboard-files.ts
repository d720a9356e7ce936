/**
 * Serves the built dashboard over HTTP for the headless host. Only files of that folder; every other path gets the page, which routes
 * itself. The content security policy allows nothing but the page's own files and its own API.
 */
import { Hono } from 'hono';
import { serveStatic } from '@hono/node-server/serve-static';

import { contentSecurityPolicy } from '../../shared/content-security-policy.ts';
import { AppError } from '../../shared/contract/errors.ts';

export function dashboardFiles(folder: string): Hono {
  const routes = new Hono();
  routes.use('*', async (context, next) => {
    await next();
    context.header('Content-Security-Policy', contentSecurityPolicy);
    context.header('X-Content-Type-Options', 'nosniff');
    context.header('Referrer-Policy', 'no-referrer');
    // Hashed names never change; the page itself must be asked for again after an update.
    context.header(
      'Cache-Control',
      context.req.path.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache',
    );
  });
  routes.use('*', serveStatic({ root: folder }));
  routes.get('*', serveStatic({ root: folder, path: 'index.html' }));
  routes.all('*', () => {
    throw new AppError(
      'not_found',
      'The dashboard is not built.',
      'Run `npm run build` in the checkout, then start again.',
    );
  });
  return routes;
}
