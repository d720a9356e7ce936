/** A far side for proxy tests: a real HTTP server that records what reached it and answers as the test says. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Received = {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
};

export type Upstream = {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves when the client of a request has gone before the answer was whole. */
  readonly abandoned: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Answer = (request: Received, response: ServerResponse, incoming: IncomingMessage) => unknown;

export async function startUpstream(answer: Answer): Promise<Upstream> {
  const received: Received[] = [];
  const { promise: abandoned, resolve: onAbandoned } = Promise.withResolvers<void>();
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('close', () => {
      if (!response.writableFinished) onAbandoned();
    });
    incoming.on('end', () => {
      const request = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        rawHeaders: incoming.rawHeaders,
        body: Buffer.concat(chunks),
      };
      received.push(request);
      void answer(request, response, incoming);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    abandoned: () => abandoned,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
