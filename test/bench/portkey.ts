/**
 * Brings `@portkey-ai/gateway` from npm into the bench's cache folder: a peer to measure beside, no dependency of the project.
 * It keeps no ledger and writes nothing. Install scripts are not run. Where npm cannot be reached the report says so.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { cacheFolder } from './processes.ts';

const version = '1.15.2';
/** With 1.19, which its range also allows, this version answers every streamed call with 500 (`TypeError: immutable`). */
const nodeServerVersion = '1.13.0';

export type PortkeyInstall = { readonly name: string; readonly entry: string } | { readonly missing: string };

export async function installPortkey(): Promise<PortkeyInstall> {
  const folder = join(cacheFolder, `portkey-${version}`);
  const entry = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  const name = `Portkey gateway ${version}`;
  if (existsSync(entry)) return { name, entry };
  mkdirSync(folder, { recursive: true });
  const description = {
    private: true,
    dependencies: { '@portkey-ai/gateway': version },
    overrides: { '@hono/node-server': nodeServerVersion },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(description));
  try {
    await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      shell: process.platform === 'win32',
    });
    return { name, entry };
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n').slice(-1);
    return { missing: `@portkey-ai/gateway ${version} could not be fetched from npm (${reason}).` };
  }
}
