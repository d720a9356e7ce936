/** The version of this program, from package.json at the root of the checkout or the installed app. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function readVersion(folder: string): string {
  try {
    const content = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name?: string;
      version?: string;
    };
    if (content.name === 'tollkeeper' && content.version !== undefined) return content.version;
  } catch {
    // No package.json here: look one folder up, as the depth differs between source and build.
  }
  const parent = dirname(folder);
  if (parent === folder) throw new Error('package.json of tollkeeper is not above this file');
  return readVersion(parent);
}

export const version = readVersion(import.meta.dirname);
