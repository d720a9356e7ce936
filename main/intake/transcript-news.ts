/**
 * What of a transcript is new. Reads files; writes nothing. Blocks while it reads, so it runs in a thread of its own beside a proxy.
 *
 * How far a file was read is kept with a mark of its bytes: of what it begins with and of what stood right before that place. A file whose mark is no
 * longer there was cut, or is another one under the same name, and is read from its start; reading twice changes nothing, since a message is one call.
 * A file that vanished is passed over: Claude Code deletes transcripts after 30 days, and what was read of them stays in the ledger. One that may not
 * be read is told, since what it holds is missing from the ledger.
 */
import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';

import type { IntakeFile } from '../ledger/intake-files.ts';

export type TranscriptNews =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'read'; readonly file: IntakeFile };

/** Bytes read at once; a transcript may be hundreds of megabytes. */
const windowBytes = 4 * 1024 * 1024;
/** A line longer than this is passed over: no answer of the API is. */
const lineBytesMax = 64 * 1024 * 1024;
const markBytesMax = 256;

/**
 * Hands over the lines that were not read before, in windows of whole lines. A last line without its line break is left for the next time.
 * Never throws for what a file is or may be.
 */
export type ReadNews = (path: string, known: IntakeFile | undefined, take: (text: string) => void) => TranscriptNews;

/** One memory for all files: a new one for each costs more than reading it. */
export function createReadNews(): ReadNews {
  const window = Buffer.allocUnsafe(windowBytes);
  return (path, known, take) =>
    withFile(path, known, (descriptor, { size, mtimeMs }) => {
      const isGrown =
        known !== undefined && size >= known.readBytes && known.head === markOf(descriptor, known.readBytes);
      const stretch = { descriptor, from: isGrown ? known.readBytes : 0, size };
      const { readBytes, isHeld } = readWholeLines(stretch, window, take);
      // Most files are smaller than the window, and what was just read of them need not be read again.
      const head = isHeld ? markOfBytes(window.subarray(0, readBytes)) : markOf(descriptor, readBytes);
      return { kind: 'read', file: { path, readBytes, modifiedMs: Math.floor(mtimeMs), head } };
    });
}

/** Opening what is no file must not wait, as it does for a pipe that nobody writes. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

type Use = (descriptor: number, facts: Stats) => TranscriptNews;

function withFile(path: string, known: IntakeFile | undefined, use: Use): TranscriptNews {
  let descriptor: number | null = null;
  try {
    if (known !== undefined && isAsKnown(statSync(path), known)) return { kind: 'nothing' };
    descriptor = openSync(path, openFlags);
    // Asked of the open file: it may be another one than a moment ago.
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) return { kind: 'unreadable', reason: 'it is not a file' };
    return use(descriptor, facts);
  } catch (error) {
    return whyNot(error as NodeJS.ErrnoException);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function isAsKnown({ size, mtimeMs }: Stats, known: IntakeFile): boolean {
  return known.readBytes === size && known.modifiedMs === Math.floor(mtimeMs);
}

/** @throws what is no error of the file system: a bug. */
function whyNot(error: NodeJS.ErrnoException): TranscriptNews {
  if (error.code === 'ENOENT') return { kind: 'nothing' };
  if (error.syscall === undefined || error.code === undefined) throw error;
  return { kind: 'unreadable', reason: error.code };
}

type Stretch = { readonly descriptor: number; readonly from: number; readonly size: number };

type WholeLines = {
  /** Where the last whole line ends. */
  readonly readBytes: number;
  /** The window holds the file from its start to there. */
  readonly isHeld: boolean;
};

function readWholeLines({ descriptor, from, size }: Stretch, window: Buffer, take: (text: string) => void): WholeLines {
  let at = from;
  let buffer = window;
  let reads = 0;
  while (at < size) {
    const bytes = readSync(descriptor, buffer, 0, Math.min(buffer.length, size - at), at);
    reads += 1;
    const wholeBytes = bytes === 0 ? 0 : buffer.lastIndexOf(0x0a, bytes - 1) + 1;
    // Nothing: it was cut meanwhile. No line break up to the end: the line is still being written.
    if (bytes === 0 || (wholeBytes === 0 && at + bytes >= size)) break;
    if (wholeBytes === 0 && buffer.length < lineBytesMax) {
      buffer = Buffer.allocUnsafe(buffer.length * 2);
      continue;
    }
    // A line beyond the bound is passed over piece by piece, and its end is a broken line.
    at += wholeBytes === 0 ? bytes : wholeBytes;
    take(buffer.toString('utf8', 0, wholeBytes));
  }
  return { readBytes: at, isHeld: from === 0 && reads === 1 };
}

/** A hash of the first bytes up to `readBytes` and of the last ones before it. */
function markOf(descriptor: number, readBytes: number): string {
  const bytes = Math.min(markBytesMax, readBytes);
  const ends = Buffer.alloc(bytes * 2);
  readSync(descriptor, ends, 0, bytes, 0);
  readSync(descriptor, ends, bytes, bytes, readBytes - bytes);
  return markOfEnds(ends);
}

/** The same of a file that is in memory up to `readBytes`. */
function markOfBytes(read: Buffer): string {
  const bytes = Math.min(markBytesMax, read.length);
  return markOfEnds(Buffer.concat([read.subarray(0, bytes), read.subarray(read.length - bytes)]));
}

function markOfEnds(ends: Buffer): string {
  return hash('sha256', ends).slice(0, 32);
}
