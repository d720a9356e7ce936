/** The sockets of the sandbox: a real HTTP server on loopback, bodies read whole, answers as JSON. No rules of either API. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type SandboxServer = { readonly url: string; readonly port: number; readonly close: () => Promise<void> };

export type SandboxHandler = (incoming: IncomingMessage, body: Buffer, response: ServerResponse) => unknown;

/** Larger bodies cut the connection; the largest that either API takes is 32 MB. */
const bodyBytesMax = 40 * 1024 * 1024;

export async function startSandboxServer(port: number, handle: SandboxHandler): Promise<SandboxServer> {
  const server = createServer({ keepAliveTimeout: 30_000 }, (incoming, response) => {
    void readWhole(incoming).then((body) => {
      if (body !== null) return handle(incoming, body, response);
      incoming.destroy();
      return undefined;
    });
  });
  const bound = await listen(server, port);
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function readWhole(incoming: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) resolve(null);
      else chunks.push(chunk);
    });
    incoming.on('end', () => resolve(Buffer.concat(chunks)));
    // The client left while it was sending.
    incoming.on('error', () => resolve(null));
  });
}

export type Headers = Readonly<Record<string, string>>;

export function answerJson(response: ServerResponse, status: number, body: unknown, headers: Headers = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers });
  response.end(bytes);
}
