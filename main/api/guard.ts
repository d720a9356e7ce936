/**
 * Who may speak to the dashboard's API: only a request that names this machine as its host (a DNS name that a web page has pointed at
 * loopback is refused), that comes from no foreign origin, and that carries the token (header, cookie, or once in the link).
 * The token is compared in constant time. See docs/security.md.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

import { AppError } from '../../shared/contract/errors.ts';

export type GuardOptions = {
  readonly token: string;
  /** Known only once the server listens. */
  readonly port: () => number;
};

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]'];

export function createGuard({ token, port }: GuardOptions): MiddlewareHandler {
  const expected = digest(token);
  const isToken = (text: string | undefined) => text !== undefined && timingSafeEqual(digest(text), expected);

  return async (context, next) => {
    refuseForeign(context, port());
    // Browsers share cookies between the ports of a host, so the name carries the port.
    const cookieName = `tollkeeper_${port()}`;
    if (isToken(context.req.query('token'))) {
      setCookie(context, cookieName, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      const url = new URL(context.req.url);
      url.searchParams.delete('token');
      // The token leaves the address bar, so that it does not stay in the history or a screenshot.
      if (context.req.method === 'GET' && !url.pathname.startsWith('/api/'))
        return context.redirect(`${url.pathname}${url.search}`);
      return next();
    }
    const bearer = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
    const isAllowed = isToken(bearer) || isToken(getCookie(context, cookieName));
    // The page itself holds no data and has to load to say what is missing.
    if (!isAllowed && context.req.path.startsWith('/api/')) {
      throw new AppError(
        'not_authorized',
        'This request carries no valid token.',
        'Open the dashboard with the link that `tollkeeper serve` printed.',
      );
    }
    return next();
  };
}

function refuseForeign(context: Context, port: number): void {
  const hosts = loopbackNames.map((name) => `${name}:${port}`);
  const host = context.req.header('host') ?? '';
  const origin = context.req.header('origin');
  const isOwnOrigin = origin === undefined || hosts.some((own) => origin === `http://${own}`);
  if (hosts.includes(host) && isOwnOrigin) return;
  throw new AppError('wrong_host', 'The dashboard answers only to this machine.', `Open http://127.0.0.1:${port}.`);
}

/** Hashing first makes both sides equally long, which the constant-time comparison needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
