/** What the window's requests look like to the engine, on real sockets: the token added, the page's own marks taken off, streams ended. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { pipeToEngine, type EnginePipeOptions } from '../../../main/shell/engine-pipe.ts';
import { startTestEngine, testToken } from '../../kit/test-engine.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let answer: Answer;
const server = createServer((request, response) => answer(request, response));
let url: string;

beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

const options = (engineUrl: string | null): EnginePipeOptions => ({
  fetch: (address, init) => fetch(address, init),
  token: testToken,
  engineUrl: () => engineUrl,
});

const fromPage = (path: string, init: RequestInit = {}) =>
  new Request(`app://tollkeeper${path}`, { headers: { origin: 'app://tollkeeper', cookie: 'a=b' }, ...init });

describe('a request of the window', () => {
  it('reaches the engine with the token and without the page’s origin or cookies', async () => {
    const seen = new Promise<IncomingMessage>((resolve) => {
      answer = (request, response) => {
        resolve(request);
        response.setHeader('content-type', 'application/json').setHeader('set-cookie', 'c=d').end('{"a":1}');
      };
    });

    const response = await pipeToEngine(fromPage('/api/calls?limit=2'), '/api/calls?limit=2', options(url));

    const { headers, url: path } = await seen;
    expect(path).toBe('/api/calls?limit=2');
    expect(headers.authorization).toBe(`Bearer ${testToken}`);
    expect(headers.host).toBe(new URL(url).host);
    expect(headers.origin).toBeUndefined();
    expect(headers.cookie).toBeUndefined();
    expect(await response.json()).toEqual({ a: 1 });
    expect([...response.headers.keys()]).toEqual(['content-type']);
  });

  it('carries its body, and none that is too long', async () => {
    answer = (request, response) => request.pipe(response.writeHead(201));
    const post = (body: string) => fromPage('/api/x', { method: 'POST', body });

    const response = await pipeToEngine(post('{"plan":1}'), '/api/x', options(url));

    expect([response.status, await response.text()]).toEqual([201, '{"plan":1}']);
    const long = await pipeToEngine(post('x'.repeat(1024 * 1024 + 1)), '/api/x', options(url));
    expect(long.status).toBe(413);
  });

  it('gets an event stream piece by piece, and ends it at the engine when the page is gone', async () => {
    const stream = new Promise<ServerResponse>((resolve) => {
      answer = (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
        resolve(response);
      };
    });
    const response = await pipeToEngine(fromPage('/api/events'), '/api/events', options(url));
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const engineSide = await stream;

    expect((await reader?.read())?.value).toBe('data: 1\n\n');
    engineSide.write('data: 2\n\n');
    expect((await reader?.read())?.value).toBe('data: 2\n\n');
    const gone = once(engineSide, 'close');
    await reader?.cancel();

    await gone;
  });

  it('is told that the engine does not answer while it is down or dying', async () => {
    answer = (request) => request.socket.destroy();

    for (const at of [null, url]) {
      const response = await pipeToEngine(fromPage('/api/live'), '/api/live', options(at));
      expect(response.status).toBe(503);
      expect(await response.json()).toHaveProperty('error.code', 'engine_failed');
    }
  });

  it('is let in by the real engine, and leaves no listener there however often the page is loaded', async () => {
    const engine = await startTestEngine({ upstream: url });
    // More than the engine lets listen at once.
    for (let load = 0; load < 40; load += 1) {
      const response = await pipeToEngine(fromPage('/api/events'), '/api/events', options(engine.dashboardUrl));
      expect(response.status).toBe(200);
      const reader = response.body?.getReader();
      await reader?.read();
      await reader?.cancel();
    }
    await engine.close();
  });
});
