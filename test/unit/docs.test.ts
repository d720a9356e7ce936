/** What the documents name exists: every path of this repository, and in docs/pricing.md and docs/stripe-traps.md every test by its title. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const documents = ['README.md', ...globSync('{docs,main}/**/*.md', { cwd: root })];
const text = (file: string) => readFileSync(join(root, file), 'utf8');

const paths = documents.flatMap((file) =>
  [...text(file).matchAll(/`((?:main|renderer|shared|test|docs|scripts)\/[\w./*-]+)`/g)].map(([, path]) => [
    file,
    path ?? '',
  ]),
);
const links = documents.flatMap((file) =>
  [...text(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => [file, path ?? '']),
);

/** `path` "title", "title"; …  */
const withTitles = text('docs/pricing.md') + text('docs/stripe-traps.md');
const titles = [...withTitles.matchAll(/`(test\/[\w./-]+\.ts)`((?:,? "[^"]+")+)/g)].flatMap(
  ([, path = '', quoted = '']) => [...quoted.matchAll(/"([^"]+)"/g)].map(([, title = '']) => [path, title]),
);

/** Rows of its tables: the rule, and the last two columns, which are its source and its test. */
const rules = withTitles
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (rule|ending|trap) \|/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()))
  .map((cells) => [cells[0] ?? '', cells.at(-2) ?? '', cells.at(-1) ?? '']);

describe('the documents', () => {
  it.each(paths)('%s names %s, which exists', (_file, path) => {
    expect(globSync(path, { cwd: root }).length).toBeGreaterThan(0);
  });

  it.each(links)('%s links to %s, which exists', (file, path) => {
    expect(existsSync(join(root, dirname(file), path))).toBe(true);
  });
});

describe('the rules of docs/pricing.md and the traps of docs/stripe-traps.md', () => {
  it('are many, each with a test', () => {
    expect(titles.length).toBeGreaterThan(40);
  });

  it.each(rules)('name a source and a test: %s', (_rule, source, heldBy) => {
    expect(source).not.toBe('');
    expect(heldBy).toMatch(/`test\/[\w./-]+\.ts` "/);
  });

  it.each(titles)('are held by %s "%s"', (path, title) => {
    expect(text(path)).toContain(title);
  });
});
