/** The network is back: the engine is told, when the machine wakes and when the system says online after offline, and not otherwise. */
import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from 'vitest';

import { tellOnline, watchNetwork } from '../../../main/shell/network-signal.ts';
import { createDrivenClock } from '../../kit/driven-clock.ts';
import { startTestEngine, testToken } from '../../kit/test-engine.ts';

function watched(wasOnline: boolean) {
  const clock = createDrivenClock(0);
  const power = new EventEmitter();
  let isOnline = wasOnline;
  let told = 0;
  const watch = watchNetwork({ power, isOnline: () => isOnline, clock, tell: () => (told += 1) });
  const go = (online: boolean) => {
    isOnline = online;
    clock.advance(5_000);
  };
  return { power, watch, go, told: () => told };
}

describe('the watch of the network', () => {
  it('tells once when the system says online after offline', () => {
    const { go, told } = watched(true);
    go(true);
    expect(told()).toBe(0);
    go(false);
    go(false);
    expect(told()).toBe(0);
    go(true);
    go(true);
    expect(told()).toBe(1);
  });

  it('tells when the machine wakes, also when the network seems never to have gone', () => {
    const { power, watch, told } = watched(true);
    power.emit('resume');
    expect(told()).toBe(1);
    watch.close();
    power.emit('resume');
    expect(told()).toBe(1);
  });

  it('tells when an app that was started offline comes online', () => {
    const { go, told } = watched(false);
    go(true);
    expect(told()).toBe(1);
  });
});

describe('telling the engine', () => {
  const options = (engineUrl: string | null) => ({
    fetch: (address: string, init: RequestInit) => fetch(address, init),
    token: testToken,
    engineUrl: () => engineUrl,
  });

  it('is one request with the token, and nothing while the engine is down', async () => {
    const seen: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      seen.push(request);
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await tellOnline(options(null));
    expect(seen).toEqual([]);
    await tellOnline(options(url));
    expect(seen.map(({ method, url: path, headers }) => [method, path, headers.authorization])).toEqual([
      ['POST', '/api/stripe/online', `Bearer ${testToken}`],
    ]);
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    await tellOnline(options(url));
  });

  it('is let in by the real engine', async () => {
    const engine = await startTestEngine({ upstream: 'http://127.0.0.1:9' });
    const answers: number[] = [];
    const asked = async (address: string, init: RequestInit) => {
      const answer = await fetch(address, init);
      answers.push(answer.status);
      return answer;
    };
    await tellOnline({ ...options(engine.dashboardUrl), fetch: asked });
    expect(answers).toEqual([200]);
    await engine.close();
  });
});
