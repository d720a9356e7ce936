/**
 * What the proxy is measured against, a process of its own: a bare pipe that meters nothing. `node:http` with a keep-alive agent, or undici's
 * dispatch. Prints its port.
 */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Pool } from 'undici';

const [kind, upstreamPort] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 256 });

const server = createServer((incoming, response) => {
  if (kind === 'http') {
    const { method, url, headers } = incoming;
    const outgoing = request({ host: '127.0.0.1', port: upstreamPort, method, path: url, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(outgoing);
    return;
  }
  const { host: _host, connection: _connection, ...headers } = incoming.headers;
  pool.dispatch(
    { method: 'POST', path: incoming.url ?? '/', headers, body: incoming },
    {
      onRequestStart: () => {},
      onResponseStart: (_controller, status, answered) => {
        const { 'transfer-encoding': _encoding, connection: _hop, ...kept } = answered;
        response.writeHead(status, kept);
      },
      onResponseData: (controller, chunk) => {
        if (response.write(chunk)) return;
        controller.pause();
        response.once('drain', () => controller.resume());
      },
      onResponseEnd: () => void response.end(),
      onResponseError: (_controller, error) => {
        console.error(error);
        response.destroy();
      },
    },
  );
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
