/** The tray's listener on real sockets: whole pictures out of torn bytes, again after an end, and gone when closed. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { LiveSnapshot } from '../../../shared/contract/events.ts';
import { openLiveFeed } from '../../../main/shell/live-feed.ts';
import { systemClock, type Clock } from '../../../main/system/clock.ts';
import { startTestEngine, testToken } from '../../kit/test-engine.ts';

/** Pauses between two streams are skipped. */
const hastyClock: Clock = { ...systemClock, after: (_delayMs, run) => systemClock.after(0, run) };

const streams: ServerResponse[] = [];
const server = createServer((_request, response) => {
  streams.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
  response.flushHeaders();
  server.emit('stream');
});
let url: string;
let picture: LiveSnapshot;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const engine = await startTestEngine({ upstream: url });
  picture = (await (await engine.get('/api/live')).json()) as LiveSnapshot;
  await engine.close();
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

function openFeed(dashboardUrl: string) {
  let onNext: (snapshot: LiveSnapshot) => void = () => {};
  const feed = openLiveFeed({
    fetch: (address, init) => fetch(address, init),
    clock: hastyClock,
    dashboardUrl,
    token: testToken,
    onSnapshot: (snapshot) => onNext(snapshot),
  });
  const next = () => new Promise<LiveSnapshot>((resolve) => (onNext = resolve));
  return { feed, next };
}

const event = (atMs: number) => `event: live\ndata: ${JSON.stringify({ ...picture, atMs })}\n\n`;

describe('the tray’s listener', () => {
  it('reads whole pictures out of torn bytes, and only the newest of several', async () => {
    const { feed, next } = openFeed(url);
    await once(server, 'stream');
    const stream = streams.at(-1);

    const first = next();
    stream?.write(event(1).slice(0, 40));
    stream?.write(event(1).slice(40));
    expect((await first).atMs).toBe(1);

    const newest = next();
    stream?.write(event(2) + event(3));
    expect((await newest).atMs).toBe(3);

    const gone = once(stream ?? server, 'close');
    feed.close();
    await gone;
  });

  it('listens again when its stream ends', async () => {
    const { feed, next } = openFeed(url);
    await once(server, 'stream');
    const again = once(server, 'stream');
    streams.at(-1)?.end();
    await again;

    const picked = next();
    streams.at(-1)?.write(event(7));
    expect((await picked).atMs).toBe(7);
    feed.close();
  });

  it('hears the real engine', async () => {
    const engine = await startTestEngine({ upstream: url });
    const { feed, next } = openFeed(engine.dashboardUrl);
    expect((await next()).today.calls).toBe(0);
    feed.close();
    await engine.close();
  });
});
