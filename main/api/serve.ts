/** Binds the API to a loopback port. @throws the listen error (EADDRINUSE…) of node:net. */
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';

import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';

export type ApiServer = { readonly port: number; readonly close: () => Promise<void> };

export async function serveApi(api: Hono, port: number): Promise<ApiServer> {
  const listener = getRequestListener(api.fetch);
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Event streams stay open by design; closing the engine ends them.
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
