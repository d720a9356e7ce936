/**
 * A forward proxy as companies have them: tunnels by CONNECT, plain requests with a whole address, user and password where asked. It alone knows
 * where a name leads, so what arrives came through it.
 */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export type ForwardProxy = {
  readonly port: number;
  /** As "CONNECT api.upstream.test:443" and "POST http://…". */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
};

export type ForwardProxyOptions = {
  /** Every name leads to this port of this machine. */
  readonly leadsTo: number;
  /** As "user:password"; without it everybody may. */
  readonly credentials?: string;
  /** Answers every CONNECT so. */
  readonly refusesWith?: number;
};

export async function startForwardProxy({
  leadsTo,
  credentials,
  refusesWith,
}: ForwardProxyOptions): Promise<ForwardProxy> {
  const asked: string[] = [];
  const tunnels = new Set<Duplex>();
  const isAllowed = ({ headers }: IncomingMessage) =>
    credentials === undefined ||
    headers['proxy-authorization'] === `Basic ${Buffer.from(credentials).toString('base64')}`;

  const server = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (!isAllowed(incoming)) return response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end('who are you?');
    const { pathname, search } = new URL(incoming.url ?? '');
    const { method = 'GET', headers } = incoming;
    const onward = request({
      host: '127.0.0.1',
      port: leadsTo,
      method,
      path: pathname + search,
      headers,
      agent: false,
    });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.rawHeaders);
      answer.pipe(response);
    });
    return incoming.pipe(onward);
  });
  server.on('connect', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    asked.push(`CONNECT ${incoming.url}`);
    socket.on('error', () => {});
    const status = refusesWith ?? (isAllowed(incoming) ? 200 : 407);
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 2\r\n\r\nno`);
    const onward = connect(leadsTo, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    for (const end of [socket, onward]) tunnels.add(end);
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const end of tunnels) end.destroy();
        server.closeAllConnections();
      }),
  };
}
