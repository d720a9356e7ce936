/** The desktop app's window in a browser: serves over HTTP what its protocol would answer at `app://`, event streams included. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

type Handle = (request: Request) => Response | Promise<Response>;

export async function serveWindow(handle: Handle): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((incoming, outgoing) => void answer(handle, incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(handle: Handle, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const method = incoming.method ?? 'GET';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const headers = { accept: incoming.headers.accept ?? '*/*' };
  const body = hasBody ? await buffer(incoming) : null;
  const response = await handle(new Request(`app://tollkeeper${incoming.url ?? '/'}`, { method, headers, body }));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) return void outgoing.end();
  // A page that leaves ends the stream, and with it the request to the engine.
  await pipeline(Readable.fromWeb(response.body as never), outgoing).catch(() => {});
}
