/**
 * Finds a Chromium for the browser tests by itself: one on the machine, else Playwright's own download, else Debian's package where this user
 * may install it. If none can be had it throws the sentence that says what to install.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { chromium, type Browser } from 'playwright-core';

const places = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  `${process.env['PROGRAMFILES']}\\Google\\Chrome\\Application\\chrome.exe`,
];

const downloadTimeoutMs = 120_000;
const installTimeoutMs = 300_000;

function installed(): string | null {
  const candidates = [...places, chromium.executablePath()];
  return candidates.find((path): path is string => path !== undefined && path !== '' && existsSync(path)) ?? null;
}

function download(): void {
  const cli = join(import.meta.dirname, '../../node_modules/playwright-core/cli.js');
  spawnSync(process.execPath, [cli, 'install', 'chromium'], { stdio: 'ignore', timeout: downloadTimeoutMs });
}

function installPackage(): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', timeout: installTimeoutMs, env });
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
    stdio: 'ignore',
    timeout: installTimeoutMs,
    env,
  });
}

export function findChromium(): string {
  for (const bring of [() => {}, download, installPackage]) {
    bring();
    const path = installed();
    if (path !== null) return path;
  }
  throw new Error(
    'The browser tests need Chromium: install it (on Debian: apt-get install chromium) or name one in CHROMIUM_PATH.',
  );
}

export function launchChromium(): Promise<Browser> {
  // Root has no sandbox of its own in a container; the pages are ours alone.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({
    executablePath: findChromium(),
    args: [...args, '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}
