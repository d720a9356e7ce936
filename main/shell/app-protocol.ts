/**
 * Serves `app://`: the built dashboard from disk, and `/api/*` piped to the engine with the token, which the page never holds.
 * Event streams pass as they come.
 */
import { readFile } from 'node:fs/promises';

import { net, protocol } from 'electron';

import { contentSecurityPolicy } from '../../shared/content-security-policy.ts';
import { appFileOf, contentTypeOf } from './app-files.ts';

export type AppProtocolOptions = {
  readonly rendererFolder: string;
  readonly token: string;
  /** Null while the engine is not up. */
  readonly engineUrl: () => string | null;
};

/** Before the app is ready; makes `app://` a secure origin of its own that can fetch and stream. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
}

export function handleAppProtocol(options: AppProtocolOptions): void {
  protocol.handle('app', (request) => {
    const wanted = appFileOf(request.url, options.rendererFolder);
    if (wanted.kind === 'api') return pipeToEngine(request, wanted.target, options);
    if (wanted.kind === 'none' || request.method !== 'GET') return new Response(null, { status: 404 });
    return sendFile(wanted.path);
  });
}

async function sendFile(path: string): Promise<Response> {
  try {
    const headers = {
      'content-type': contentTypeOf(path),
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
    };
    return new Response(new Uint8Array(await readFile(path)), { headers });
  } catch {
    // Not a file of the dashboard.
    return new Response(null, { status: 404 });
  }
}

const notUp = {
  error: { code: 'engine_failed', message: 'The engine is starting.', remedy: 'It is tried again by itself.' },
};

/** A new request with our own headers only: the page's origin and cookies are not the engine's business. */
async function pipeToEngine(
  request: Request,
  target: string,
  { engineUrl, token }: AppProtocolOptions,
): Promise<Response> {
  const base = engineUrl();
  if (base === null) return Response.json(notUp, { status: 503 });
  try {
    return await net.fetch(`${base}${target}`, {
      method: request.method,
      headers: { accept: request.headers.get('accept') ?? '*/*', authorization: `Bearer ${token}` },
      signal: request.signal,
    });
  } catch {
    // The engine died in between; the page shows its stale state and asks again.
    return Response.json(notUp, { status: 503 });
  }
}
