/**
 * A far side by hand, for what no HTTP server lets a test do: plain or TLS sockets, requests counted and cut apart (a length or chunks), the answer as
 * whatever bytes, resets and halves the test says.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

export type RawUpstream = {
  readonly port: number;
  /** Head and body of every request that arrived whole, as Latin-1 text. */
  readonly requests: readonly string[];
  readonly connections: () => number;
  readonly close: () => Promise<void>;
};

export type OnRequest = (socket: Socket, request: string) => unknown;

export type RawUpstreamOptions = {
  /** The certificate to show; without one it is plain. */
  readonly certificate?: 'upstream' | 'other';
  readonly onConnection?: (socket: Socket) => unknown;
};

const certificates = join(import.meta.dirname, 'certificates');
export const certificateFile = (name: string) => join(certificates, name);

export async function startRawUpstream(
  onRequest: OnRequest,
  { certificate, onConnection }: RawUpstreamOptions = {},
): Promise<RawUpstream> {
  const requests: string[] = [];
  const open = new Set<Socket>();
  let connections = 0;
  function onSocket(socket: Socket): void {
    connections += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // Resets are what these tests are about.
    socket.on('error', () => {});
    onConnection?.(socket);
    let pending = '';
    socket.on('data', (data: Buffer) => {
      pending += data.toString('latin1');
      for (let end = requestEnd(pending); end > 0; end = requestEnd(pending)) {
        const request = pending.slice(0, end);
        pending = pending.slice(end);
        requests.push(request);
        onRequest(socket, request);
      }
    });
  }
  const allowHalfOpen = true;
  const server =
    certificate === undefined
      ? createServer({ allowHalfOpen, noDelay: true }, onSocket)
      : createTlsServer(
          {
            key: readFileSync(certificateFile(`${certificate}.key.pem`)),
            cert: readFileSync(certificateFile(`${certificate}.pem`)),
          },
          onSocket,
        );
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Length of the first whole request, or 0. */
function requestEnd(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return 0;
  const heading = text.slice(0, head);
  if (/^transfer-encoding: chunked/im.test(heading)) {
    const last = text.indexOf('\r\n0\r\n\r\n', head + 2);
    return last === -1 ? 0 : last + 7;
  }
  const end = head + 4 + Number(/^content-length: (\d+)/im.exec(heading)?.[1] ?? 0);
  return text.length >= end ? end : 0;
}
