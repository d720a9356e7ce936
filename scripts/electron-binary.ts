/**
 * Finds Electron's binary, or fetches it once. Electron 45 installs without it; its own `install-electron` downloads it from GitHub.
 * Answers with the path, or with the reason why there is none, in words for a terminal.
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

/** The download is about 110 MB; without a network it fails at once. */
const fetchTimeoutMs = 180_000;

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

/** Where the electron package says its binary is: `path.txt` beside `dist`, or a folder named by the environment. */
export function installedBinary({ root, env }: ElectronQuestion): string | null {
  const folder = join(root, 'node_modules', 'electron');
  const named = join(folder, 'path.txt');
  if (!existsSync(named)) return null;
  const path = join(env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(folder, 'dist'), readFileSync(named, 'utf8').trim());
  return existsSync(path) ? path : null;
}

function fetchElectron({ root, env }: ElectronQuestion): void {
  const program = join(root, 'node_modules', 'electron', 'install.js');
  if (!existsSync(program)) return;
  // Its progress is nobody's business here; whether it worked is seen by looking for the binary again.
  spawnSync(process.execPath, [program], { cwd: root, env: { ...env }, stdio: 'ignore', timeout: fetchTimeoutMs });
}
