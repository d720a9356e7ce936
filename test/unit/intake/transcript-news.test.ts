/** What of a transcript is new, over real files that grow, are cut, change places, vanish and may not be read. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createReadNews, type TranscriptNews } from '../../../main/intake/transcript-news.ts';
import type { IntakeFile } from '../../../main/ledger/intake-files.ts';

let folder: string;
let path: string;
const readNews = createReadNews();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollkeeper-news-'));
  path = join(folder, 'session.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(known?: IntakeFile): { text: string; news: TranscriptNews; file: IntakeFile | undefined } {
  let text = '';
  const news = readNews(path, known, (part) => (text += part));
  return { text, news, file: news.kind === 'read' ? news.file : undefined };
}

/** Longer than what a mark is made of. */
const line = (name: string) => `{"name":"${name}","text":"${name.repeat(100)}"}\n`;

describe('a transcript', () => {
  it('that grows is read on where it ended', () => {
    writeFileSync(path, line('one'));
    const first = read();
    appendFileSync(path, line('two'));
    expect([first.text, read(first.file).text]).toEqual([line('one'), line('two')]);
  });

  it('that did not change is not opened', () => {
    writeFileSync(path, line('one'));
    expect(read(read().file)).toMatchObject({ text: '', news: { kind: 'nothing' } });
  });

  it('whose last line is still being written is read up to it, and the line when it is whole', () => {
    writeFileSync(path, `${line('one')}{"half":`);
    const first = read();
    expect(first).toMatchObject({ text: line('one'), file: { readBytes: line('one').length } });
    appendFileSync(path, 'true}\n');
    expect(read(first.file).text).toBe('{"half":true}\n');
  });

  it('that was cut is read from its start', () => {
    writeFileSync(path, line('one') + line('two'));
    const first = read();
    truncateSync(path, line('one').length);
    expect(read(first.file).text).toBe(line('one'));
  });

  it('in whose place stands another of its name is read from its start, also when the other is longer', () => {
    writeFileSync(path, line('one'));
    const first = read();
    writeFileSync(join(folder, 'other'), line('six') + line('two'));
    renameSync(join(folder, 'other'), path);
    expect(read(first.file).text).toBe(line('six') + line('two'));
  });

  it('that begins as before and goes on otherwise is read from its start', () => {
    writeFileSync(path, line('one') + line('two'));
    const first = read();
    writeFileSync(path, line('one') + line('six') + line('ten'));
    expect(read(first.file).text).toBe(line('one') + line('six') + line('ten'));
  });

  it('of the same size and another time, and another content, is read from its start', () => {
    writeFileSync(path, line('one'));
    const first = read();
    writeFileSync(path, line('two'));
    utimesSync(path, new Date(), new Date(statSync(path).mtimeMs + 5_000));
    expect(read(first.file).text).toBe(line('two'));
  });

  it('that vanished after it was listed holds nothing, and is no trouble', () => {
    writeFileSync(path, line('one'));
    const first = read();
    rmSync(path);
    expect(read(first.file).news).toEqual({ kind: 'nothing' });
    expect(read().news).toEqual({ kind: 'nothing' });
  });

  it('that cannot be read is told, with the reason', () => {
    mkdirSync(path);
    expect(read().news).toMatchObject({ kind: 'unreadable' });
    path = `${path}${'x'.repeat(300)}`;
    expect(read().news).toEqual({ kind: 'unreadable', reason: 'ENAMETOOLONG' });
  });

  it.skipIf(process.platform === 'win32')('that is a pipe which nobody writes is told, and not waited for', () => {
    execFileSync('mkfifo', [path]);
    expect(read().news).toEqual({ kind: 'unreadable', reason: 'it is not a file' });
  });

  it('is known again by the same mark, whether it was in memory or is read once more', () => {
    writeFileSync(path, line('one') + line('two'));
    const whole = read().file;
    appendFileSync(path, '{"half":');
    const beforeHalf = read().file;
    expect(beforeHalf?.head).toBe(whole?.head);
    expect(read(whole)).toMatchObject({ text: '', file: { head: whole?.head, readBytes: whole?.readBytes } });
  });

  it('longer than what is read at once comes in windows of whole lines', () => {
    const long = line('long'.repeat(700));
    const whole = long.repeat(20);
    writeFileSync(path, whole);
    const parts: string[] = [];
    readNews(path, undefined, (part) => parts.push(part));
    expect(whole.length).toBeGreaterThan(4 * 1024 * 1024);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.every((part) => part.endsWith('\n'))).toBe(true);
    expect(parts.join('')).toBe(whole);
  });

  it('with a line longer than what is read at once is read whole', () => {
    const long = line('long'.repeat(12_000));
    writeFileSync(path, line('one') + long + line('two'));
    expect(long.length).toBeGreaterThan(4 * 1024 * 1024);
    expect(read().text).toBe(line('one') + long + line('two'));
  });
});
