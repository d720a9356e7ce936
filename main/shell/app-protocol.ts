/** Makes `app://` an origin of the window's own, and hands its requests on (app-requests.ts). */
import { net, protocol } from 'electron';

import { createAppRequests, type AppRequestOptions } from './app-requests.ts';

/** Before the app is ready; makes `app://` a secure origin of its own that can fetch and stream. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
}

export function handleAppProtocol(options: Omit<AppRequestOptions, 'fetch'>): void {
  const fetch = (address: string, init: RequestInit) => net.fetch(address, init);
  protocol.handle('app', createAppRequests({ ...options, fetch }));
}
