/** When the network comes back what waits is sent at once, told by the host or found by a cheap probe that does not hammer. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from 'vitest';

import { startSyncAgent, type OutboxStore } from '../../../main/sync/agent.ts';
import type { StripeAnswer } from '../../../main/sync/decide.ts';
import { createNetworkWatch } from '../../../main/sync/network-watch.ts';
import { createPace } from '../../../main/sync/pace.ts';
import { createProbe } from '../../../main/sync/probe.ts';
import { createDrivenClock } from '../../kit/driven-clock.ts';

const refused: StripeAnswer = { kind: 'not_connected', reason: 'ECONNREFUSED' };

describe('the watch over the network', () => {
  it('probes soon, then ever more seldom up to half a minute, and only while nothing connects', async () => {
    const clock = createDrivenClock(0);
    const probes: number[] = [];
    const probe = () => {
      probes.push(clock.nowMs());
      return Promise.resolve(clock.nowMs() > 300_000);
    };
    const watch = createNetworkWatch({ probe, clock, fraction: () => 0.999 });
    expect(await watch.isBack()).toBe(false);
    expect(probes).toEqual([]);
    watch.note(refused);
    let backAtMs: number | null = null;
    for (let second = 0; second < 600 && backAtMs === null; second++) {
      clock.advance(1_000);
      if (await watch.isBack()) backAtMs = clock.nowMs();
    }
    expect(backAtMs).toBeLessThanOrEqual(331_000);
    const gaps = probes.map((atMs, index) => atMs - (probes[index - 1] ?? 0));
    expect(gaps[0]).toBeLessThanOrEqual(4_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(31_000);
    expect(probes.length).toBeLessThan(20);
    expect(watch.isDown()).toBe(false);
  });

  it('takes any answer of Stripe as a network, also a 500', () => {
    const watch = createNetworkWatch({
      probe: () => Promise.resolve(false),
      clock: createDrivenClock(0),
      fraction: () => 0,
    });
    watch.note(refused);
    expect(watch.isDown()).toBe(true);
    watch.note({ kind: 'no_answer', reason: '500' });
    expect(watch.isDown()).toBe(false);
  });
});

describe('the agent', () => {
  it.each(['told by the host', 'found by the probe'] as const)(
    'sends at once what waits when the network is back, %s',
    async (way) => {
      const clock = createDrivenClock(0);
      let isUp = false;
      let wakes = 0;
      let sent = 0;
      const event = { id: 'a', identifier: 'a', customer: 'c', meter: 'm', minuteMs: 0, value: 1, attempts: 9 };
      const due = { ...event, wasUnknown: false, firstSentAtMs: 0 };
      let isDue = true;
      const outbox: OutboxStore = {
        seal: () => Promise.resolve(0),
        turn: ({ answers, limit }) => {
          // Its own backoff would be a quarter of an hour.
          if (answers.length > 0) isDue = false;
          sent += answers.filter(({ state }) => state === 'accepted').length;
          return Promise.resolve(isDue && limit > 0 ? [due] : []);
        },
        wake: () => {
          wakes += 1;
          isDue = sent === 0;
          return Promise.resolve(1);
        },
        waiting: () => Promise.resolve(0),
      };
      const readings = {
        prepare: () => Promise.resolve(),
        run: () => Promise.resolve(false),
        note: () => {},
        trouble: () => null,
      };
      const send = (): Promise<StripeAnswer> => Promise.resolve(isUp ? { kind: 'accepted' } : refused);
      const single = { pace: createPace({ perSecond: 25, underWayMax: 8 }, clock), batchMax: 1, send };
      const adjustments = { run: () => Promise.resolve(false) };
      const side = { roads: { single, stream: null }, adjustments, readings };
      const agent = startSyncAgent({
        outbox,
        stripe: () => side,
        probe: () => Promise.resolve(isUp),
        clock,
        fraction: () => 0,
        onChange: () => {},
        onTrouble: (error) => {
          throw error;
        },
      });
      const pass = async (ms: number) => {
        clock.advance(ms);
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      };
      for (let step = 0; step < 30; step++) await pass(2_000);
      expect({ sent, wakes, state: agent.status().state }).toEqual({ sent: 0, wakes: 0, state: 'offline' });
      isUp = true;
      if (way === 'told by the host') {
        agent.online();
        await pass(0);
        await pass(0);
        await pass(0);
      } else for (let step = 0; step < 15; step++) await pass(2_000);
      expect({ sent, state: agent.status().state }).toEqual({ sent: 1, state: 'ok' });
      await agent.close();
    },
  );
});

describe('the probe', () => {
  it('sees who accepts a connection, and who does not, and sends nothing', async () => {
    let bytes = 0;
    const server = createServer((socket) => socket.on('data', (chunk) => (bytes += chunk.length)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const probe = createProbe({ apiBase: `http://127.0.0.1:${port}`, proxyUrl: null });
    expect(await probe()).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await probe()).toBe(false);
    expect(await createProbe({ apiBase: 'https://api.stripe.test', proxyUrl: `http://127.0.0.1:${port}` })()).toBe(
      false,
    );
    expect(bytes).toBe(0);
  });
});
