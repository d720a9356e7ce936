/** The program as it is installed: built once a bench, since source is translated at every start and holds its translator in memory. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { root } from './processes.ts';

export const sourceCli = join(root, 'main/cli.ts');

let built: Promise<string> | null = null;

/** The path of the built `cli.js`. */
export function builtCli(): Promise<string> {
  built ??= promisify(execFile)('npm', ['run', 'build'], { cwd: root, shell: process.platform === 'win32' }).then(() =>
    join(root, 'out/main/cli.js'),
  );
  return built;
}
