/**
 * The transcripts that the import is measured on: the recorded ones, copied until they weigh as much as a heavy user's month, laid out as under
 * `~/.claude/projects`. Every copy has ids of its own, made from the recorded ones by a hash, so that each copy is calls of its own and two runs
 * measure the same bytes. Counts, models, times and the order of the lines stay as they were recorded.
 */
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export type ImportCorpus = {
  /** A config folder of Claude Code: holds `projects`. */
  readonly folder: string;
  readonly files: number;
  readonly lines: number;
  readonly bytes: number;
  readonly copies: number;
};

/** Writes whole copies until there are at least `bytesWanted`. @throws Error when there is nothing recorded to copy. */
export function writeImportCorpus(recordedFolder: string, folder: string, bytesWanted: number): ImportCorpus {
  const sessions = globSync('*/*.jsonl', { cwd: recordedFolder })
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(recordedFolder, path), 'utf8') }));
  if (sessions.length === 0) throw new Error(`there are no recorded transcripts in ${recordedFolder}`);
  const total = { files: 0, lines: 0, bytes: 0 };
  let copies = 0;
  for (; total.bytes < bytesWanted; copies += 1) {
    for (const { path, text } of sessions) {
      const copied = withOwnIds(text, copies);
      const target = join(folder, 'projects', dirname(path), withOwnIds(basename(path), copies));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, copied);
      total.files += 1;
      total.lines += copied.split('\n').length - 1;
      total.bytes += Buffer.byteLength(copied);
    }
  }
  return { folder, ...total, copies };
}

const ids = /\b(?:(msg|req)_([0-9A-Za-z]+)|([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}))\b/g;

/** Messages, requests, sessions and lines under new names of the same form; one name everywhere it stands, another in every copy. */
export function withOwnIds(text: string, copy: number): string {
  return text.replaceAll(ids, (id: string, kind: string | undefined) => {
    const hash = createHash('sha256').update(`${copy} ${id}`).digest('hex');
    // Anthropic's ids are a version ("01") and letters and digits; what follows the version may be any of them.
    if (kind !== undefined) return `${kind}_01${hash.slice(0, Math.max(1, id.length - kind.length - 3))}`;
    return [8, 4, 4, 4, 12].map((length, index) => hash.slice(starts[index], (starts[index] ?? 0) + length)).join('-');
  });
}

const starts = [0, 8, 12, 16, 20];
