/**
 * Where Claude Code keeps its transcripts, and what of them is new. Reads files; writes nothing. A file that vanishes meanwhile is passed over:
 * Claude Code deletes transcripts after 30 days, and what was read of them stays in the ledger.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { AppError } from '../../shared/contract/errors.ts';
import type { IntakeFile } from '../ledger/intake-files.ts';

export type TranscriptPlaces = {
  /** A config folder of Claude Code, or its `projects` folder; null looks in the usual places. */
  readonly folder: string | null;
  /** `CLAUDE_CONFIG_DIR`: one folder or a comma-separated list. */
  readonly configFolders: string | null;
  readonly homeFolder: string;
};

/** The `projects` folders that exist. @throws AppError `not_found` when a folder was named and holds no transcripts' folder. */
export function transcriptRoots({ folder, configFolders, homeFolder }: TranscriptPlaces): string[] {
  if (folder !== null) {
    const root = projectsOf(resolve(folder));
    if (root !== null) return [root];
    throw new AppError(
      'not_found',
      `There are no Claude Code transcripts in ${folder}.`,
      'Name a config folder of Claude Code (such as ~/.claude) or its projects folder.',
    );
  }
  const named = configFolders?.split(',').map((part) => part.trim()) ?? [];
  const usual = [join(homeFolder, '.claude'), join(homeFolder, '.config', 'claude')];
  const places = named.some((part) => part !== '') ? named.filter((part) => part !== '') : usual;
  return [...new Set(places.map((place) => projectsOf(resolve(place))).filter((root) => root !== null))];
}

function projectsOf(folder: string): string | null {
  const inside = join(folder, 'projects');
  if (existsSync(inside)) return inside;
  if (basename(folder) === 'projects' && existsSync(folder)) return folder;
  return existsSync(folder) && globSync('*/*.jsonl', { cwd: folder }).length > 0 ? folder : null;
}

/** Sessions and their subagents, the paths absolute and in order. */
export function transcriptFiles(roots: readonly string[]): string[] {
  return roots.flatMap((root) =>
    globSync('**/*.jsonl', { cwd: root })
      .toSorted()
      .map((path) => join(root, path)),
  );
}

/** Bytes read at once; a transcript may be hundreds of megabytes. */
const windowBytes = 8 * 1024 * 1024;
/** A line longer than this is passed over: no answer of the API is. */
const lineBytesMax = 64 * 1024 * 1024;
const headBytesMax = 256;

export type TranscriptWindow = { readonly text: string };

/**
 * The lines of a file that were not read before, in windows of whole lines; `done` is told how far that was. A file that was cut or put in another's
 * place is read from its start. A last line without its line break is left for the next time.
 */
export async function* readNewLines(
  path: string,
  known: IntakeFile | undefined,
  done: (file: IntakeFile) => void,
): AsyncGenerator<TranscriptWindow> {
  const facts = await stat(path).catch(ignoreVanished);
  if (!facts || (known && known.modifiedMs === Math.floor(facts.mtimeMs) && known.readBytes === facts.size)) return;
  const file = await open(path).catch(ignoreVanished);
  if (!file) return;
  try {
    const isGrown = known !== undefined && facts.size >= known.readBytes && (await isSameHead(file, known.head));
    let readBytes = isGrown ? known.readBytes : 0;
    for await (const { text, endsAt } of wholeLines(file, readBytes, facts.size)) {
      yield { text };
      readBytes = endsAt;
    }
    done({
      path,
      readBytes,
      modifiedMs: Math.floor(facts.mtimeMs),
      head: isGrown ? known.head : await headOf(file, headBytesMax),
    });
  } finally {
    await file.close();
  }
}

async function* wholeLines(file: FileHandle, from: number, size: number) {
  let window = windowBytes;
  for (let at = from; at < size;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(window, size - at)), 0, null, at);
    const wholeBytes = buffer.lastIndexOf(0x0a, bytesRead - 1) + 1;
    if (bytesRead === 0 || (wholeBytes === 0 && at + bytesRead >= size)) return;
    if (wholeBytes === 0 && window < lineBytesMax) {
      window *= 2;
      continue;
    }
    // A line beyond the bound is passed over piece by piece, and its end is a broken line.
    at += wholeBytes === 0 ? bytesRead : wholeBytes;
    yield { text: buffer.toString('utf8', 0, wholeBytes), endsAt: at };
    window = windowBytes;
  }
}

/** "length:hash" of what a file begins with: a short file grows past what was hashed of it, so the length is part of it. */
async function headOf(file: FileHandle, bytes: number): Promise<string> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
  const hash = createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex').slice(0, 16);
  return `${bytesRead}:${hash}`;
}

async function isSameHead(file: FileHandle, head: string): Promise<boolean> {
  return (await headOf(file, Math.max(1, Number.parseInt(head, 10)))) === head;
}

function ignoreVanished(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'EACCES') return null;
  throw error;
}
