/**
 * How Windows is asked to start a command by its name. What npm installs there (`claude`, `npx`) is a `.cmd` file, which only cmd.exe can run, and
 * cmd.exe reads its line by rules of its own: https://qntm.org/cmd, as cross-spawn has them. Pure: the environment and the look at a file are parameters.
 */
import { win32 } from 'node:path';

import type { Environment } from '../system/home-folder.ts';

export type StartLine = { readonly file: string; readonly args: readonly string[]; readonly isVerbatim: boolean };

const extensionsUsual = '.COM;.EXE;.BAT;.CMD';

/** Null when there is no such command. */
export function windowsCommand(
  command: string,
  args: readonly string[],
  env: Environment,
  isFile: (path: string) => boolean,
): StartLine | null {
  const found = candidates(command, env).find(isFile);
  if (found === undefined) return null;
  if (!/\.(?:cmd|bat)$/i.test(found)) return { file: found, args, isVerbatim: false };
  const line = [found.replaceAll(special, '^$1'), ...args.map(escapeForShim)].join(' ');
  return { file: valueOf(env, 'ComSpec') ?? 'cmd.exe', args: ['/d', '/s', '/c', `"${line}"`], isVerbatim: true };
}

/** In the order in which cmd.exe looks: folder by folder, in each by the extensions of PATHEXT. */
function candidates(command: string, env: Environment): string[] {
  const extensions = (valueOf(env, 'PATHEXT') ?? extensionsUsual).split(';').filter((extension) => extension !== '');
  const isPath = /[\\/]/.test(command);
  const folders = isPath ? [''] : (valueOf(env, 'PATH') ?? '').split(';').filter((folder) => folder !== '');
  const hasExtension = extensions.some((extension) => command.toLowerCase().endsWith(extension.toLowerCase()));
  return folders.flatMap((folder) => {
    const path = folder === '' ? win32.normalize(command) : win32.join(folder, command);
    return [...(hasExtension ? [path] : []), ...extensions.map((extension) => `${path}${extension.toLowerCase()}`)];
  });
}

/** Names of variables have no case there, and a copy of the environment has lost that. */
function valueOf(env: Environment, name: string): string | undefined {
  return Object.entries(env).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

const special = /([()\][%!^"`<>&|;, *?])/g;

/**
 * Quoted for the program's own reading of its line (backslashes before a quote are doubled), then each special character twice for cmd.exe: it reads the
 * line once, and the shim's `%*` once more.
 */
function escapeForShim(argument: string): string {
  const quoted = `"${argument.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
  return quoted.replaceAll(special, '^$1').replaceAll(special, '^$1');
}
