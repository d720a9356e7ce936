/** The engine as the desktop app holds it: the real engine process, forked by Node instead of Electron, killed for real. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { noSecrets } from '../../../shared/contract/secrets.ts';
import {
  startEngineProcess,
  type EngineAddresses,
  type EngineFailure,
  type EngineHandle,
} from '../../../main/shell/engine-handle.ts';
import { systemClock, type Clock } from '../../../main/system/clock.ts';
import { forkByNode } from '../../kit/desktop.ts';

const token = 'test-token-of-more-than-thirty-two-characters';

let home: string;
let children: ChildProcess[];
let restartsMs: number[];
let handle: EngineHandle | null;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-handle-'));
  [children, restartsMs, handle] = [[], [], null];
});

afterEach(async () => {
  await handle?.close();
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true });
});

/** Restarts are noted and come at once. */
const hastyClock: Clock = {
  ...systemClock,
  after: (delayMs, run) => {
    if (delayMs > 4_000) return systemClock.after(delayMs, run);
    restartsMs.push(delayMs);
    return systemClock.after(0, run);
  },
};

type Happening = { readonly ready: EngineAddresses } | { readonly failed: EngineFailure } | 'down';

/** Starts an engine, and hands out what its holder is told, one after another. */
function startHandle({ port = 0, clock = hastyClock }: { readonly port?: number; readonly clock?: Clock } = {}) {
  const told: Happening[] = [];
  const waiting: ((happening: Happening) => void)[] = [];
  const tell = (happening: Happening) => {
    const wake = waiting.shift();
    if (wake) wake(happening);
    else told.push(happening);
  };
  handle = startEngineProcess({
    fork: forkByNode((child) => void children.push(child)),
    start: { home, isDemo: false, token, port, uiPort: 0, secrets: noSecrets },
    clock,
    onReady: (ready) => tell({ ready }),
    onDown: () => tell('down'),
    onFailed: (failed) => tell({ failed }),
  });
  const next = () =>
    new Promise<Happening>((resolve) => {
      const happening = told.shift();
      if (happening === undefined) waiting.push(resolve);
      else resolve(happening);
    });
  return { engine: handle, next };
}

const statusAt = (dashboardUrl: string) =>
  fetch(`${dashboardUrl}/api/status`, { headers: { authorization: `Bearer ${token}` } });

describe('the engine of the desktop app', () => {
  it('answers at the addresses it tells, and closes in order, once, however often it is asked', async () => {
    const { engine, next } = startHandle();
    const first = await next();
    if (first === 'down' || !('ready' in first)) throw new Error('it did not start');

    expect((await statusAt(first.ready.dashboardUrl)).status).toBe(200);
    expect(engine.addresses()).toEqual(first.ready);
    await Promise.all([engine.close(), engine.close()]);

    expect(children[0]?.exitCode).toBe(0);
    expect(existsSync(join(home, 'engine.json'))).toBe(false);
    expect(engine.addresses()).toBeNull();
  });

  it('is started again when it is killed, and given up after three restarts until a person tries again', async () => {
    const { engine, next } = startHandle();
    for (let round = 1; round <= 4; round += 1) {
      expect(await next()).toHaveProperty('ready');
      children.at(-1)?.kill('SIGKILL');
      expect(await next()).toBe('down');
      expect(engine.addresses()).toBeNull();
    }

    expect(await next()).toHaveProperty('failed.message', 'The engine stopped four times in five minutes.');
    expect(restartsMs).toEqual([1_000, 2_000, 4_000]);
    expect(children).toHaveLength(4);

    engine.retry();
    expect(await next()).toHaveProperty('ready');
  }, 30_000);

  it('that cannot start says why, ends, and comes up once the reason is gone', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const { engine, next } = startHandle({ port });

    expect(await next()).toBe('down');
    expect(await next()).toHaveProperty('failed.message', expect.stringContaining(String(port)));
    expect(children[0]?.exitCode).toBe(0);
    expect(restartsMs).toEqual([]);

    occupant.close();
    await once(occupant, 'close');
    engine.retry();
    expect(await next()).toHaveProperty('ready.proxyUrl', `http://127.0.0.1:${port}`);
  });

  it('is not started again by a restart that was due when the app quit', async () => {
    const due: (() => void)[] = [];
    const stoppedClock: Clock = {
      ...systemClock,
      after: (_delayMs, run) => {
        due.push(run);
        return { cancel: () => due.splice(due.indexOf(run), 1) };
      },
    };
    const { engine, next } = startHandle({ clock: stoppedClock });
    expect(await next()).toHaveProperty('ready');
    children[0]?.kill('SIGKILL');
    expect(await next()).toBe('down');
    expect(due).toHaveLength(1);

    await engine.close();

    expect(due).toHaveLength(0);
    expect(children).toHaveLength(1);
  });

  it('closes in order when it is asked while it still starts', async () => {
    const { engine } = startHandle();

    await engine.close();

    expect(children[0]?.exitCode).toBe(0);
    expect(existsSync(join(home, 'engine.json'))).toBe(false);
  });
});
