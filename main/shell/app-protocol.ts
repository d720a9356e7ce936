/** Serves `app://` to the window: the built dashboard from disk under a strict policy, and `/api/*` through the engine pipe. */
import { readFile } from 'node:fs/promises';

import { net, protocol } from 'electron';

import { contentSecurityPolicy } from '../../shared/content-security-policy.ts';
import { appFileOf, contentTypeOf } from './app-files.ts';
import { pipeToEngine } from './engine-pipe.ts';

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

export function handleAppProtocol({ rendererFolder, token, engineUrl }: AppProtocolOptions): void {
  const fetch = (address: string, init: RequestInit) => net.fetch(address, init);
  protocol.handle('app', (request) => {
    const wanted = appFileOf(request.url, rendererFolder);
    if (wanted.kind === 'api') return pipeToEngine(request, wanted.target, { fetch, token, engineUrl });
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
