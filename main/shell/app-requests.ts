/**
 * What the window asks for at `app://`: the built dashboard from disk under a strict policy, the team's keys from the shell, and the rest of `/api/*` through the
 * engine pipe. Knows no Electron: the fetch is given.
 */
import { readFile } from 'node:fs/promises';

import { contentSecurityPolicy } from '../../shared/content-security-policy.ts';
import { appFileOf, contentTypeOf } from './app-files.ts';
import { pipeToEngine, type EnginePipeOptions } from './engine-pipe.ts';
import type { SecretKeeper } from './secret-keeper.ts';
import { answerSecrets, isSecretsPath } from './secrets-requests.ts';

export type AppRequestOptions = EnginePipeOptions & {
  readonly rendererFolder: string;
  readonly secrets: SecretKeeper;
};

export function createAppRequests({ rendererFolder, secrets, ...pipe }: AppRequestOptions) {
  return (request: Request): Response | Promise<Response> => {
    const wanted = appFileOf(request.url, rendererFolder);
    if (wanted.kind === 'api') {
      const { pathname } = new URL(request.url);
      if (isSecretsPath(pathname)) return answerSecrets(request, pathname, secrets);
      return pipeToEngine(request, wanted.target, pipe);
    }
    if (wanted.kind === 'none' || request.method !== 'GET') return new Response(null, { status: 404 });
    return sendFile(wanted.path);
  };
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
