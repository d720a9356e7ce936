/** When `npm start` builds again: real files with times of their own. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isBuilt } from '../../../scripts/is-built.ts';

let root: string;
const at = (path: string) => join(root, path);
const touch = (path: string, atS: number) => utimesSync(at(path), atS, atS);
const isFresh = () => isBuilt({ results: [at('page.html'), at('app.js')], sources: [at('source'), at('config.ts')] });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tollkeeper-built-'));
  mkdirSync(at('source/deep'), { recursive: true });
  for (const file of ['source/deep/a.ts', 'config.ts', 'page.html', 'app.js']) writeFileSync(at(file), '');
  for (const path of ['source/deep/a.ts', 'source/deep', 'source', 'config.ts']) touch(path, 1_000);
  for (const path of ['page.html', 'app.js']) touch(path, 2_000);
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a build', () => {
  it('stands while everything it was made from is older', () => {
    expect(isFresh()).toBe(true);
  });

  it.each(['source/deep/a.ts', 'config.ts'])('is out of date when %s changes', (file) => {
    touch(file, 3_000);
    expect(isFresh()).toBe(false);
  });

  it('is out of date when a source is taken away', () => {
    rmSync(at('source/deep/a.ts'));
    expect(isFresh()).toBe(false);
  });

  it('is out of date when one of its parts is missing or old', () => {
    touch('app.js', 500);
    expect(isFresh()).toBe(false);
    rmSync(at('app.js'));
    expect(isFresh()).toBe(false);
  });
});
