/**
 * `npm start [-- flags]`: the desktop app where Electron can run, else the same thing headless in this terminal, said in one line.
 * Flags go through to either (`--demo`, `--home`, `--port`…), and so do signals and the exit code. Builds only what is out of date: a build
 * empties its folder, and another engine may be serving from it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { findElectron } from './electron-binary.ts';
import { isBuilt } from './is-built.ts';

const root = join(import.meta.dirname, '..');
const inRoot = (paths: readonly string[]) => paths.map((path) => join(root, path));
const dashboard = {
  results: inRoot(['out/renderer/index.html']),
  sources: inRoot(['renderer', 'shared', 'vite.config.ts', 'package-lock.json']),
};
const desktop = {
  results: [...dashboard.results, ...inRoot(['out/main/electron.js', 'out/preload/preload.cjs'])],
  sources: [...dashboard.sources, ...inRoot(['main', 'electron.vite.config.ts'])],
};

const flags = process.argv.slice(2);
const electron = findElectron({ root, env: process.env, platform: process.platform });

if (electron.kind === 'found') {
  if (!isBuilt(desktop)) build('node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'warn');
  openDesktop(electron.path);
} else {
  console.error(`${electron.reason}; serving headless instead.`);
  if (!isBuilt(dashboard)) build('scripts/build-dashboard.ts');
  await serveHeadless();
}

/** In a process of its own, whose memory the engine does not keep. */
function build(program: string, ...args: readonly string[]): void {
  const built = spawnSync(process.execPath, [join(root, program), ...args], { cwd: root, stdio: 'inherit' });
  if (built.status !== 0) process.exit(built.status ?? 3);
}

/**
 * In this very process: a Ctrl-C reaches every process of the terminal, so one that handed it on would make it two, and the second asks the
 * engine not to wait for calls in flight.
 */
async function serveHeadless(): Promise<void> {
  const cli = join(root, 'main', 'cli.ts');
  process.argv = [process.execPath, cli, 'serve', ...flags];
  await import('../main/cli.ts');
}

/** The app takes a second signal for the first. */
function openDesktop(program: string): void {
  const child = spawn(program, [root, ...flags], { cwd: root, stdio: 'inherit' });
  child.on('error', (error) => {
    console.error(`${program} cannot be started: ${error.message}`);
    process.exit(3);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 3 : 0)));
}
