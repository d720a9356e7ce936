/** The desktop app's build: everything the host needs stands where it looks for it. With Electron's binary the app itself is opened. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { _electron } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { installedBinary } from '../../scripts/electron-binary.ts';

const root = join(import.meta.dirname, '../..');
const out = (...path: string[]) => join(root, 'out', ...path);

beforeAll(() => {
  const built = spawnSync(join(root, 'node_modules', '.bin', 'electron-vite'), ['build', '--logLevel', 'warn'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(built.stdout + built.stderr);
});

describe('the desktop build', () => {
  it('has host, engine process, ledger worker, preload, dashboard and tray picture in their places', () => {
    const files = [
      ['main', 'electron.js'],
      ['main', 'engine-process.js'],
      ['main', 'cli.js'],
      ['main', 'ledger', 'worker.js'],
      ['preload', 'preload.cjs'],
    ];
    for (const file of [...files, ['renderer', 'index.html'], ['renderer', 'tray.png']])
      expect(existsSync(out(...file)), file.join('/')).toBe(true);
  });

  it('keeps electron out of everything but the shell', () => {
    const engine =
      readFileSync(out('main', 'engine-process.js'), 'utf8') + readFileSync(out('main', 'engine.js'), 'utf8');
    expect(engine).not.toMatch(/from ["']electron["']/);
    expect(readFileSync(out('main', 'shell', 'window.js'), 'utf8')).toMatch(/from ["']electron["']/);
  });

  it('gives the page a policy that runs no foreign script', () => {
    const page = readFileSync(out('renderer', 'index.html'), 'utf8');
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(page).not.toMatch(/<style/);
    // From the root, or a screen that is opened at /calls/call_1 finds nothing.
    expect(page).toMatch(/<script[^>]* src="\/assets\//);
  });

  it('opens a window that meters', async ({ skip }) => {
    const binary = installedBinary({ root, env: process.env, platform: process.platform });
    if (binary === null) return skip('Electron’s binary is not installed and cannot be fetched here');
    const app = await _electron.launch({
      executablePath: binary,
      args: [root, '--demo', '--port', '0', '--ui-port', '0'],
    });
    const window = await app.firstWindow();
    await window.getByTestId('meter-today').waitFor();
    await window.getByTestId('demo-label').waitFor();
    await app.close();
  });
});
