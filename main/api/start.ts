/** The dashboard's API of an engine, from its parts to a listening port. */
import { hostname } from 'node:os';

import type { Status } from '../../shared/contract/api.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import { explainPortFailure } from '../settings/port-failure.ts';
import type { Log } from '../system/log.ts';
import { version } from '../system/version.ts';
import { createApi } from './app.ts';
import type { ApiParts } from './parts.ts';
import { serveApi } from './serve.ts';

export type ApiServerOptions = {
  readonly settings: Settings;
  readonly token: string;
  /** Built dashboard to serve; null where the window brings its own. */
  readonly rendererFolder: string | null;
  readonly log: Log;
  readonly parts: Omit<ApiParts, 'status'>;
  readonly facts: Pick<Status, 'isDemo' | 'timeZone' | 'proxyUrl' | 'startedAtMs' | 'ledgerCalls'>;
};

/** @throws AppError `port_in_use` that says what to do. */
export async function startApiServer({ settings, token, rendererFolder, log, parts, facts }: ApiServerOptions) {
  const { teamName, upstream, member } = settings;
  const machine = [member, hostname()].filter((part) => part !== null).join(' · ');
  const status = (): Status => ({
    ...facts,
    version,
    teamName,
    upstream,
    machine,
    contextLimit: parts.limits.view().rules.contextLimitTokens,
    priceBook: parts.prices.book().version,
  });
  let port = settings.uiPort;
  const guard = { token, port: () => port };
  const api = createApi({ parts: { ...parts, status }, guard, rendererFolder, log: log.room('api') });
  const server = await explainPortFailure('dashboard', settings.uiPort, async () => serveApi(api, settings.uiPort));
  port = server.port;
  return { url: `http://127.0.0.1:${port}`, close: server.close };
}
