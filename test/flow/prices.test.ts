/** `tollkeeper prices` and `prices check` as a person runs them: print the book, edit it, check it, lay it into a home folder, break it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { priceBookFile } from '../../main/settings/price-book-file.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { notMetered } from '../../shared/pricing/not-metered.ts';
import { dataOf, type PriceBookData } from '../../shared/pricing/price-book.ts';
import { openPeriod, overFile, someModel, someRates } from '../kit/price-files.ts';

const cli = join(import.meta.dirname, '../../main/cli.ts');
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-prices-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function run(...args: string[]) {
  const env = { PATH: process.env['PATH'], HOME: home, TZ: 'UTC', TOLLKEEPER_HOME: home };
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

function write(name: string, text: string): string {
  const file = join(home, name);
  writeFileSync(file, text);
  return file;
}

describe('prices', () => {
  it('lists the book that ships, with its dates and with what no proxy can know', () => {
    const { status, stdout, stderr } = run('prices');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`Price book ${currentBook.version}, as of 2026-11-24 (ships with this version)`);
    const lineOf = (start: string) => stdout.split('\n').find((line) => line.startsWith(start)) ?? '';
    expect(lineOf('claude-opus-5-5 ')).toMatch(
      / 4\.00 +5\.00 +8\.00 +0\.20 +20\.00 +2\.00 +10\.00 +8\.00 +40\.00 +– +×1\.1 +high$/,
    );
    expect(lineOf('claude-mythos-preview ')).toMatch(/ 25\.00 +– +– +– +125\.00 .*low +deprecated$/);
    expect(lineOf('  until 2026-10-07 ')).toMatch(/ 2\.00 +2\.50 +4\.00 +0\.20 /);
    expect(lineOf('  long prompt ')).toMatch(/ 0\.50 .*>100,000$/);
    expect(stdout).toContain('Web search: $10.00 per 1,000 requests');
    for (const { sentence } of notMetered) expect(stdout).toContain(sentence);
    const points = new Set(
      stdout
        .split('\n')
        .filter((line) => / \d+\.\d\d /.test(line))
        .map((line) => line.indexOf('.', 28)),
    );
    expect(points.size).toBe(1);
  });

  it('prints the file format, which checks without a change and can be edited and given back', () => {
    const printed = run('prices', '--json').stdout;
    expect(JSON.parse(printed)).toEqual(dataOf(currentBook));
    const file = write('own.json', printed);
    expect(run('prices', 'check', file)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Nothing would change.'),
    });

    const edited = JSON.parse(printed) as PriceBookData;
    const [first] = edited.models;
    if (first?.periods[0]) first.periods[0].standard.input = 7_500_000;
    write('own.json', JSON.stringify(edited));
    expect(run('prices', 'check', file)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^version: .* other content/),
    });
    write('own.json', JSON.stringify({ ...edited, version: 'own-1' }));
    const { status, stdout } = run('prices', 'check', file, '--json');
    expect({ status, ...(JSON.parse(stdout) as object) }).toMatchObject({
      status: 0,
      kind: 'valid',
      version: 'own-1',
      changes: {
        prices: [{ model: 'claude-fable-5-2', class: 'standard.input', before: 8_000_000, after: 7_500_000 }],
        facts: [{ model: null, fact: 'version' }],
      },
    });
    expect(run('prices', 'check', file).stdout).toMatch(/claude-fable-5-2 +input +– +– +8\.00 +7\.50/);
  });

  it('are those of the home folder when it has a price book', () => {
    writeFileSync(priceBookFile(home), overFile([someModel]));
    expect(run('prices').stdout).toContain(`Price book own-1, as of 2026-11-24 (${priceBookFile(home)})`);
    const file = write('printed.json', run('prices', '--json').stdout);
    expect(run('prices', 'check', file).stdout).toMatch(/compared with own-1.*\nNothing would change\.\n$/);
  });

  it('are never quietly others because the home’s price book is damaged', () => {
    writeFileSync(priceBookFile(home), '{');
    const { status, stdout, stderr } = run('prices');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(
      /price-book\.json is not a usable price book: line 1, column 2: .*prices check .*or remove it/,
    );
    const better = run('prices', 'check', write('better.json', overFile([someModel])));
    expect(better).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('Compared with the prices of this version'),
    });
    expect(better.stdout).toContain('Models added: claude-own-1');
    rmSync(priceBookFile(home));
    expect(run('prices').status).toBe(0);
  });
});

describe('prices check', () => {
  it('tells every problem with its place, and as JSON', () => {
    const dollars = { ...someModel, periods: [{ ...openPeriod, standard: { ...someRates, input: 5, output: 0.5 } }] };
    const file = write('wrong.json', overFile([dollars]));
    const { status, stdout, stderr } = run('prices', 'check', file);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(/^models\[0\]\.periods\[0\]\.standard\.output: 0\.5 is not a whole number\./);
    expect(stdout).toMatch(/standard\.input: 5 looks like dollars/);
    expect(stdout).toContain(`${file} cannot be used: 2 problems.`);
    const json = run('prices', 'check', file, '--json');
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'invalid',
      problems: [{ where: 'models[0].periods[0].standard.output' }, {}],
    });
  });

  it('refuses a file by its size without reading it whole', () => {
    expect(run('prices', 'check', '/dev/zero').stdout).toContain('The file is larger than 1 MB.');
  });

  it.each([
    [['prices', 'check'], 'missing required argument'],
    [['prices', 'check', 'nowhere.json'], 'There is no file nowhere.json.'],
    [['prices', 'check', tmpdir()], 'cannot be read'],
    [['prices', 'nonsense'], 'There are: list, check, apply, reset, rerate.'],
  ])('%j is bad usage and says what to do', (args, words) => {
    const { status, stdout, stderr } = run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
  });
});
