/** The demo's team against the simulated Anthropic, through the real proxy, on a clock that runs forty times as fast. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandboxAnthropic, type SandboxAnthropic } from '../../../main/sandbox/anthropic-server.ts';
import { startDemoTeam, type DemoTeam } from '../../../main/sandbox/team-work.ts';
import { systemClock, type Clock } from '../../../main/system/clock.ts';
import { seededFraction } from '../../../main/sandbox/anthropic-faults.ts';
import { promptTokens, readUsage } from '../../../shared/usage.ts';
import { startMeteredProxy, type MeteredProxy } from '../../kit/metered-proxy.ts';
import { startUpstream } from '../../kit/upstream.ts';

const timesAsFast = 40;
const fastClock: Clock = { ...systemClock, after: (delayMs, run) => systemClock.after(delayMs / timesAsFast, run) };

function fractions(seed: number): () => number {
  let index = 0;
  return () => seededFraction(seed, index++);
}

let sandbox: SandboxAnthropic;
let proxy: MeteredProxy;
let team: DemoTeam;

async function startWork(seed: number, clock = fastClock): Promise<void> {
  sandbox = await startSandboxAnthropic({ clock, delayPerDeltaMs: 60 });
  proxy = await startMeteredProxy(sandbox.url);
  team = startDemoTeam({ proxyUrl: proxy.url, clock, fraction: fractions(seed) });
}

describe('the team', () => {
  beforeEach(() => startWork(1));

  afterEach(async () => {
    await team.close();
    await proxy.close();
    await sandbox.close();
  });

  it('works on everything in every way, in conversations that grow and start over', { timeout: 60_000 }, async () => {
    const startedAtMs = performance.now();
    await proxy.nthFinished(240);
    const elapsedMs = (performance.now() - startedAtMs) * timesAsFast;

    const calls = proxy.finished;
    const of = <T>(value: (finished: (typeof calls)[number]) => T) => new Set(calls.map(value));
    expect(of(({ call }) => call.member)).toEqual(new Set(['alice', 'bo', 'carla']));
    expect(of(({ call }) => call.project)).toEqual(new Set(['webshop', 'ops', 'research']));
    expect(of(({ call }) => call.requestedModel).size).toBe(3);
    expect(of(({ call }) => call.isStream)).toEqual(new Set([true, false]));
    expect(of(({ call }) => call.client)).toEqual(new Set(['claude-cli', 'Anthropic/JS']));
    expect(of(({ call }) => call.path)).toEqual(new Set(['/v1/messages']));
    // Slower than on a real clock, since the work between two timers is not forty times as fast.
    expect(elapsedMs / 1_000 / calls.length).toBeGreaterThan(0.6);

    const served = sandbox.served();
    const contexts = served.map(({ usage }) => promptTokens(readUsage(usage)));
    expect(Math.max(...contexts)).toBeGreaterThan(80_000);
    expect(Math.max(...contexts)).toBeLessThan(96_000);
    expect(of(({ call }) => call.conversation).size).toBeGreaterThan(10);
    expect(served.filter(({ usage }) => readUsage(usage).cacheReadTokens > 1_024).length).toBeGreaterThan(100);
    expect(served.some(({ usage }) => readUsage(usage).cacheWrite1hTokens > 1_024)).toBe(true);
    expect(served.some(({ stopReason }) => stopReason === 'tool_use')).toBe(true);
    // Mishaps are drawn, and which draw meets which call depends on the moment: work goes on until each kind has been seen.
    const ends = () => new Set(sandbox.served().map(({ end }) => end));
    for (let count = 260; count <= 1_200 && !ends().isSupersetOf(new Set(['fault', 'client_left'])); count += 20)
      await proxy.nthFinished(count);
    expect(ends().isSupersetOf(new Set(['whole', 'fault', 'client_left']))).toBe(true);
    expect(sandbox.requestCount()).toBeGreaterThan(served.length);
  });

  it('of alice names its session, which holds while the context grows', async () => {
    await proxy.nthFinished(60);
    const turns = proxy.begun.filter(({ member, isStream }) => member === 'alice' && isStream);
    for (const { conversation } of turns) expect(conversation).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8/);

    const first = turns.filter(({ conversation }) => conversation === turns[0]?.conversation);
    const sizes = first.map(({ promptBytes }) => promptBytes);
    expect(sizes.length).toBeGreaterThan(2);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  });

  it('stops at once, in the middle of its calls', async () => {
    await proxy.nthFinished(5);
    await team.close();
    const begun = proxy.begun.length;
    await proxy.nthFinished(begun);
    expect(proxy.begun).toHaveLength(begun);
  });
});

describe('its pace', () => {
  it('moves the meter within two seconds of the clock on the wall', async () => {
    await startWork(2, systemClock);
    const startedAtMs = performance.now();
    const { end } = await proxy.nthFinished(1);
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    expect(end).toMatchObject({ httpStatus: 200, isWhole: true });
    await team.close();
    await proxy.close();
    await sandbox.close();
  });

  it('is six calls at once at most, however long an answer takes', async () => {
    let most = 0;
    let open = 0;
    const upstream = await startUpstream((_request, response) => {
      open += 1;
      most = Math.max(most, open);
      response.once('close', () => {
        open -= 1;
      });
    });
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      after: (delayMs, run) => {
        waits.push(delayMs);
        return systemClock.after(delayMs / 400, run);
      },
    };
    // The errand's mishaps need an answer, the abandoned ones leave by themselves.
    const stuck = startDemoTeam({ proxyUrl: upstream.url, clock, fraction: fractions(3) });
    await expect.poll(() => waits.length).toBeGreaterThan(100);
    expect(most).toBe(6);
    await stuck.close();
    await expect.poll(() => open).toBe(0);
    await upstream.close();
  });

  it('backs off while nobody accepts connections', async () => {
    const gone = await startUpstream(() => {});
    await gone.close();
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      after: (delayMs, run) => {
        waits.push(delayMs);
        return systemClock.after(delayMs / 400, run);
      },
    };
    const waiting = startDemoTeam({ proxyUrl: gone.url, clock, fraction: fractions(4) });
    await expect.poll(() => waits.length).toBeGreaterThan(30);
    await waiting.close();
    expect(Math.max(...waits)).toBeGreaterThan(8_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000);
  });

  it('leaves what is over a budget alone for two minutes, and asks again then', async () => {
    let research = 0;
    let others = 0;
    const upstream = await startUpstream(({ url, rawHeaders }, response) => {
      const isResearch = url.includes('/research/') || rawHeaders.includes('research');
      if (isResearch) research += 1;
      else others += 1;
      const headers = isResearch ? { 'x-should-retry': 'false', 'retry-after': '7200' } : {};
      response.writeHead(isResearch ? 429 : 529, { 'content-type': 'application/json', ...headers });
      response.end('{"type":"error","error":{"type":"billing_error","message":"spend limit reached"}}');
    });
    const rests: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      after: (delayMs, run) => {
        if (delayMs < 120_000) return systemClock.after(delayMs / 400, run);
        rests.push(run);
        return { cancel: () => {} };
      },
    };
    const spent = startDemoTeam({ proxyUrl: upstream.url, clock, fraction: fractions(6) });
    const othersGoOn = async () => {
      const before = others;
      await expect.poll(() => others).toBeGreaterThan(before + 30);
    };
    // A desk and two errands are of research; an errand may be on its way twice.
    await expect.poll(() => rests.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
    await othersGoOn();
    const asked = research;
    await othersGoOn();
    expect(research).toBe(asked);
    for (const wake of rests.splice(0)) wake();
    await expect.poll(() => research, { timeout: 10_000 }).toBeGreaterThanOrEqual(asked + 3);
    await spent.close();
    await upstream.close();
  });

  it('ends with the signal that it was given', async () => {
    const stop = new AbortController();
    await startWork(5);
    await team.close();
    const begun = proxy.begun.length;
    stop.abort();
    const ended = startDemoTeam({ proxyUrl: proxy.url, clock: fastClock, fraction: fractions(5), signal: stop.signal });
    await ended.close();
    expect(proxy.begun).toHaveLength(begun);
    await proxy.close();
    await sandbox.close();
  });
});
