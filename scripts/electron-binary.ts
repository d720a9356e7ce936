/**
 * Finds Electron's binary, or fetches it once. Electron 45 installs without it; its own `install-electron` downloads it from GitHub.
 * Answers with the path, or with the reason why there is none, in words for a terminal. Remembers nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type ElectronBinary =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'none'; readonly reason: string };

export type ElectronQuestion = {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
};

/** About 110 MB; without a network it fails at once, and a network that swallows packets shall not hold anybody longer than this. */
const fetchTimeoutMs = 60_000;

export function findElectron(question: ElectronQuestion): ElectronBinary {
  const { env, platform } = question;
  if (platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY']) {
    return { kind: 'none', reason: 'There is no display for the desktop app' };
  }
  const installed = installedBinary(question);
  if (installed !== null) return { kind: 'found', path: installed };
  fetchElectron(question);
  const fetched = installedBinary(question);
  if (fetched !== null) return { kind: 'found', path: fetched };
  return { kind: 'none', reason: 'Electron’s binary is not here and could not be fetched' };
}

/** Where the electron package itself would look: in `dist`, or in a folder named by the environment; `path.txt` says the file's name. */
export function installedBinary({ root, env, platform }: ElectronQuestion): string | null {
  const folder = join(root, 'node_modules', 'electron');
  const named = join(folder, 'path.txt');
  const file = existsSync(named) ? readFileSync(named, 'utf8').trim() : usualFile(platform);
  const path = join(env['ELECTRON_OVERRIDE_DIST_PATH'] || join(folder, 'dist'), file);
  return existsSync(path) ? path : null;
}

function usualFile(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron';
  return platform === 'win32' ? 'electron.exe' : 'electron';
}

function fetchElectron({ root, env }: ElectronQuestion): void {
  const program = join(root, 'node_modules', 'electron', 'install.js');
  if (!existsSync(program)) return;
  // Its progress is nobody's business here; whether it worked is seen by looking for the binary again.
  spawnSync(process.execPath, [program], { cwd: root, env: { ...env }, stdio: 'ignore', timeout: fetchTimeoutMs });
}
