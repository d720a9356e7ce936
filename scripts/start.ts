/**
 * `npm start [-- flags]`: the desktop app where Electron can run, else the same thing headless in this terminal, said in one line.
 * Flags go through to either (`--demo`, `--home`, `--port`…). Signals and the exit code pass through.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { buildDashboard } from './build-dashboard.ts';
import { findElectron } from './electron-binary.ts';

const root = join(import.meta.dirname, '..');
const flags = process.argv.slice(2);
const electron = findElectron({ root, env: process.env, platform: process.platform });

if (electron.kind === 'found') {
  const built = spawnSync(join(root, 'node_modules', '.bin', 'electron-vite'), ['build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (built.status !== 0) process.exit(built.status ?? 3);
  run(electron.path, [root, ...flags]);
} else {
  console.error(`${electron.reason}; serving headless instead.`);
  await buildDashboard();
  run(process.execPath, [join(root, 'main', 'cli.ts'), 'serve', ...flags]);
}

function run(program: string, args: readonly string[]): void {
  const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
  // Ctrl-C in a terminal reaches the child by itself; a signal sent to this process alone is handed on.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 3 : 0)));
}
