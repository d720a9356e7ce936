/** The command line as it is installed: built. From source, Node strips the types of every file at every start, which no user of an installed app waits for. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { isBuilt } from '../../scripts/is-built.ts';

const root = join(import.meta.dirname, '../..');

/** Builds it where it is older than its source. @throws Error when it cannot be built. */
export function builtCli(): string {
  const cli = join(root, 'out/main/cli.js');
  const sources = ['main', 'shared', 'electron.vite.config.ts', 'package.json'].map((path) => join(root, path));
  if (isBuilt({ results: [cli], sources })) return cli;
  const build = spawnSync(process.execPath, [join(root, 'node_modules/electron-vite/bin/electron-vite.js'), 'build'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (build.status !== 0) throw new Error(`the command line could not be built: ${build.stderr}`);
  return cli;
}
