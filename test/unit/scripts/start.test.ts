/** `npm start` where there is no display: one line of reason, then the same flags served headless, until a signal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../../../scripts/start.ts');
const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...env } = process.env;

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-start-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function start(...flags: readonly string[]) {
  const child = spawn(process.execPath, [program, '--home', home, ...flags], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group, as a terminal gives one.
    detached: true,
  });
  return { child, errors: text(child.stderr) };
}

describe.runIf(process.platform === 'linux')('npm start without a display', () => {
  it('says so in one line, serves with the same flags, and settles on a Ctrl-C of the whole terminal', async () => {
    const { child, errors } = start('--port', '0', '--ui-port', '0', '--json');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const told = JSON.parse(line.toString()) as { dashboard: string; home: string };

    expect(told.home).toBe(home);
    expect((await fetch(told.dashboard)).status).toBe(200);
    const ended = once(child, 'exit');
    process.kill(-(child.pid ?? 0), 'SIGINT');

    expect(await ended).toEqual([0, null]);
    expect(await errors).toBe('There is no display for the desktop app; serving headless instead.\n');
    expect(existsSync(join(home, 'engine.json'))).toBe(false);
  });

  it('ends with the code that the command line gives', async () => {
    const { child, errors } = start('--port', 'many');
    expect(await once(child, 'exit')).toEqual([2, null]);
    expect(await errors).toContain('not a whole number');
  });
});
