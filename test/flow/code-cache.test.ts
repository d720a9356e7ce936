/** What the program keeps compiled between starts: kept in the home folder, never in the way of a command. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { codeCacheName } from '../../main/system/code-cache.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
/** As a user has it: the tests' own folder of compiled code goes before a home's. */
const { NODE_COMPILE_CACHE: _, ...env } = process.env;
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-code-cache-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function listPrices(folder: string): string {
  return execFileSync(process.execPath, [cli, 'prices', 'list', '--home', folder], { encoding: 'utf8', env });
}

it('a command keeps what was compiled of it in the home folder, and the next one says the same by it', () => {
  const first = listPrices(home);
  const [version = ''] = readdirSync(join(home, codeCacheName));
  expect(readdirSync(join(home, codeCacheName, version)).length).toBeGreaterThan(20);
  expect(listPrices(home)).toBe(first);
});

it('where the folder cannot be written, the command runs as ever', () => {
  writeFileSync(join(home, codeCacheName), 'a file stands where the folder belongs');
  const ran = spawnSync(process.execPath, [cli, 'prices', 'list', '--home', home], { encoding: 'utf8', env });
  expect(ran).toMatchObject({ status: 0, stderr: '' });
});

it('damaged, it is compiled anew', () => {
  const first = listPrices(home);
  const [version = ''] = readdirSync(join(home, codeCacheName));
  for (const name of readdirSync(join(home, codeCacheName, version)))
    writeFileSync(join(home, codeCacheName, version, name), 'no code');
  expect(listPrices(home)).toBe(first);
});

it('a command that only reads makes no home folder for it', () => {
  const missing = join(home, 'not-there');
  listPrices(missing);
  expect(existsSync(missing)).toBe(false);
});
