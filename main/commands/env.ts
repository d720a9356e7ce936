/**
 * `tollkeeper env`: prints the line that points a shell at the proxy, for sh, fish or PowerShell, to be run by that shell. Edits no file of anybody's.
 */
import { basename } from 'node:path';

import { AppError } from '../../shared/contract/errors.ts';
import { settingsOf } from '../settings/environment.ts';
import { openSettings } from '../settings/store.ts';
import type { Environment } from '../system/home-folder.ts';
import { baseUrlName, pathPrefix, type WhoFlags } from './base-url.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { homeOf } from './ledger-reader.ts';
import { proxyHealth } from './proxy-health.ts';

export type EnvFlags = WhoFlags & { readonly home?: string; readonly shell?: string };

export const shells = ['sh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

export async function env(flags: EnvFlags, host: Host): Promise<ExitCode> {
  const shell = flags.shell === undefined ? shellOf(host.env, host.platform) : namedShell(flags.shell);
  const prefix = pathPrefix(flags);
  const home = homeOf(flags.home, host);
  const health = await proxyHealth(home);
  const proxyUrl = health.kind === 'healthy' ? health.status.proxyUrl : await nextProxyUrl(home, host);
  writeLine(host.stdout, lineFor(shell, `${proxyUrl}${prefix}`));
  if (health.kind === 'down')
    writeLine(
      host.stderr,
      `Calls by this address fail for now because ${health.reason}. Start it with \`tollkeeper serve\`; \`tollkeeper run -- CMD\` goes direct meanwhile.`,
    );
  return 0;
}

function namedShell(name: string): Shell {
  const shell = shells.find((known) => known === name);
  if (shell) return shell;
  throw new AppError('bad_usage', `"${name}" is no shell that this knows.`, `Choose one of ${shells.join(', ')}.`);
}

/** PowerShell sets PSModulePath for what it starts; on Windows everything has it, and a SHELL there is Git's or Cygwin's. */
export function shellOf({ SHELL = '', PSModulePath }: Environment, platform: NodeJS.Platform): Shell {
  if (platform === 'win32') return SHELL === '' ? 'powershell' : shellNamed(SHELL);
  return PSModulePath === undefined ? shellNamed(SHELL) : 'powershell';
}

function shellNamed(path: string): Shell {
  const name = basename(path.replaceAll('\\', '/')).replace(/\.exe$/i, '');
  if (name === 'fish') return 'fish';
  return name === 'pwsh' || name === 'powershell' ? 'powershell' : 'sh';
}

/** The address has no character that a quote would have to be escaped for (base-url.ts). */
export function lineFor(shell: Shell, address: string): string {
  switch (shell) {
    case 'sh':
      return `export ${baseUrlName}='${address}'`;
    case 'fish':
      return `set -gx ${baseUrlName} '${address}'`;
    case 'powershell':
      return `$env:${baseUrlName} = '${address}'`;
  }
}

/** @throws AppError `bad_usage` where only a running proxy could tell its port. */
async function nextProxyUrl(home: string, host: Host): Promise<string> {
  const { settings } = openSettings(home, settingsOf(host.env));
  if (settings.port !== 0) return `http://127.0.0.1:${settings.port}`;
  throw new AppError(
    'bad_usage',
    'The proxy picks a free port at its start, and it does not run.',
    'Start it with `tollkeeper serve`, or set a port.',
  );
}
