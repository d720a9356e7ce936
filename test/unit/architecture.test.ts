/** Holds the source against import-rules.ts: who may import whom, which packages live where, and where the environment and the clock are read. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

import { describe, expect, it } from 'vitest';

import { mayImport, packageHomes, rooms, sharedPackages } from '../../import-rules.ts';

const root = join(import.meta.dirname, '../..');
const files = globSync('{shared,main,renderer}/**/*.{ts,tsx}', { cwd: root }).map((file) => file.replaceAll('\\', '/'));

/** `isErased`: of types alone. */
type Import = { readonly file: string; readonly specifier: string; readonly isErased: boolean };
const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const found = [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g,
    ),
  ];
  return found.map((match) => ({
    file,
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    isErased: /^\s*(?:import|export)\s+type\b/.test(match[0]),
  }));
});

function roomOf(path: string): string | null {
  return rooms.find((room) => path === room || path.startsWith(`${room}/`)) ?? null;
}

describe('the house', () => {
  it('has a row in the table for every file', () => {
    expect(files.filter((file) => roomOf(file) === null)).toEqual([]);
    expect(files.length).toBeGreaterThan(40);
  });

  it('has every import between folders allowed by the table', () => {
    const forbidden = imports.filter(({ file, specifier }) => {
      if (!specifier.startsWith('.')) return false;
      const target = posix.normalize(posix.join(dirname(file), specifier));
      const from = roomOf(file);
      const to = roomOf(target);
      if (from === null) return true;
      if (from === to) return false;
      return to === null || !(mayImport[from] ?? []).includes(to);
    });
    expect(forbidden).toEqual([]);
  });

  it('keeps each package in its home', () => {
    const strays = imports.filter(({ file, specifier }) => {
      const name = specifier.startsWith('@')
        ? specifier.split('/').slice(0, 2).join('/')
        : (specifier.split('/')[0] ?? '');
      const homes = packageHomes[name];
      return homes !== undefined && !homes.some((home) => file.startsWith(home));
    });
    expect(strays).toEqual([]);
  });

  it('keeps shared free of everything but zod', () => {
    const outside = imports.filter(({ file, specifier }) => file.startsWith('shared/') && !specifier.startsWith('.'));
    expect(outside.filter(({ specifier }) => !sharedPackages.includes(specifier))).toEqual([]);
  });

  it('loads no zod into the threads of the ledger: three times 95 files, for text that only the ledger writes', () => {
    const reached = new Set(['main/ledger/worker.ts']);
    const loaded = imports.filter(({ isErased }) => !isErased);
    for (const file of reached)
      for (const { specifier } of loaded.filter((one) => one.file === file))
        if (specifier.startsWith('.')) reached.add(posix.join(dirname(file), specifier));
    const loading = loaded.filter(({ file, specifier }) => reached.has(file) && specifier === 'zod');
    expect(loading).toEqual([]);
    expect(reached.size).toBeGreaterThan(60);
  });

  it('reads the environment in the two hosts only, and the clock in main/system only', () => {
    const code = (file: string) => readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const main = files.filter((file) => file.startsWith('main/'));
    const hosts = ['main/cli.ts', 'main/electron.ts', 'main/engine-process.ts'];
    expect(main.filter((file) => !hosts.includes(file) && /\bprocess\.env\b/.test(code(file)))).toEqual([]);
    const timeless = [...main, ...files.filter((file) => file.startsWith('shared/'))].filter(
      (file) => !file.startsWith('main/system/'),
    );
    expect(
      timeless.filter((file) =>
        /\bDate\.now\(|\bMath\.random\(|\bset(?:Timeout|Interval)\(|\bnew Date\(\)/.test(code(file)),
      ),
    ).toEqual([]);
  });

  it('has SQL only in the ledger', () => {
    const sql = /\b(?:SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE)\b/;
    const strays = files.filter(
      (file) => !file.startsWith('main/ledger/') && sql.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(strays).toEqual([]);
  });

  it('opens every file with what it promises', () => {
    const silent = files.filter((file) => !/^(?:#!.*\n)?\/\*\*/.test(readFileSync(join(root, file), 'utf8')));
    expect(silent).toEqual([]);
  });
});
