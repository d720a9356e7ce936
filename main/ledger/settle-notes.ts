/**
 * Notes of settles that are not committed yet, so that the end of an answer need not wait for a commit and is in the ledger all the same when the
 * process is killed a moment later. A note is written, not flushed: it outlives the process, not a power cut. (A call whose note a power cut
 * took is settled as any other that was cut: partial, estimated, unpriced.)
 *
 * Two files take turns, so that neither grows: one is written anew from its start when all that was noted in it is committed. What stands behind
 * its end by then are older notes; settling them again changes nothing, and a line cut in two is no JSON. They are read at the next start, before
 * anything else is settled, and removed when the ledger is closed in order.
 * One write at a time, off the loop's thread; notes that come meanwhile share the next. A disk that refuses them stops nothing.
 */
import { close, openSync, readFileSync, rmSync, statSync, write } from 'node:fs';
import { dirname, join } from 'node:path';

import type { BegunCall, SettledCall } from '../../shared/call.ts';

export type SettleNote = { readonly begun: BegunCall; readonly settled: SettledCall };

export type KeptNote = {
  /** Resolves when the note outlives this process, or cannot be written. Never rejects. */
  readonly kept: Promise<void>;
  /** The settle is committed: the note has done its duty. */
  readonly done: () => void;
};

export type SettleNotes = {
  readonly keep: (note: SettleNote) => KeptNote;
  /** Everything is committed: removes the notes. Otherwise leaves them for the next start. */
  readonly close: (isAllCommitted: boolean) => Promise<void>;
};

/** Some 1,000 notes; the other file is taken then, if it is free. */
const turnBytes = 1024 * 1024;
/** While the disk refuses rows for long, notes go on in one file up to here; later ones live in memory only. */
const fileBytesMax = 64 * 1024 * 1024;

type Page = { readonly descriptor: number; bytes: number; notes: number };
type Waiting = { readonly text: string; readonly resolve: () => void; page: Page | null; isDone: boolean };

/** In the home folder, beside the ledger. */
export function noteFilesOf(ledgerFile: string): string[] {
  return ['settle-notes-1.jsonl', 'settle-notes-2.jsonl'].map((name) => join(dirname(ledgerFile), name));
}

/** What the last run noted; lines that are none are passed over. Empty after an orderly close. */
export function readSettleNotes(ledgerFile: string): SettleNote[] {
  return noteFilesOf(ledgerFile).flatMap((file) => textOf(file).split('\n').flatMap(noteOf));
}

/** Begins anew: what the last run noted is in the ledger by now. @throws the file system's error when the files cannot be made. */
export function openSettleNotes(ledgerFile: string): SettleNotes {
  const files = noteFilesOf(ledgerFile);
  let [page, other] = files.map((file): Page => ({ descriptor: openSync(file, 'w', 0o600), bytes: 0, notes: 0 })) as [
    Page,
    Page,
  ];
  let queue: Waiting[] = [];
  let isWriting = false;
  let onIdle = () => {};

  function pump(): void {
    if (isWriting) return;
    const batch = queue.filter(({ isDone, resolve }) => {
      if (isDone) resolve();
      return !isDone;
    });
    queue = [];
    if (batch.length === 0) return onIdle();
    if (page.bytes >= turnBytes && other.notes === 0) {
      [page, other] = [other, page];
      page.bytes = 0;
    }
    append(page, batch);
  }

  function append(to: Page, batch: readonly Waiting[]): void {
    const release = () => {
      for (const { resolve } of batch) resolve();
    };
    // The first line break ends whatever a write that failed half-way left behind.
    const bytes = Buffer.from(`\n${batch.map(({ text }) => text).join('\n')}\n`);
    if (to.bytes + bytes.length > fileBytesMax) {
      release();
      return onIdle();
    }
    for (const waiting of batch) waiting.page = to;
    to.notes += batch.length;
    isWriting = true;
    write(to.descriptor, bytes, 0, bytes.length, to.bytes, (_error, written) => {
      // Not written, or not all of it: these settles have their place in memory only, like every row that waits for the disk.
      to.bytes += Math.max(0, written);
      isWriting = false;
      release();
      pump();
    });
  }

  return {
    keep: (note) => {
      const { promise: kept, resolve } = Promise.withResolvers<void>();
      const waiting: Waiting = { text: JSON.stringify(note), resolve, page: null, isDone: false };
      queue.push(waiting);
      if (queue.length === 1 && !isWriting) setImmediate(pump);
      const done = () => {
        if (waiting.isDone) return;
        waiting.isDone = true;
        if (waiting.page !== null) waiting.page.notes -= 1;
      };
      return { kept, done };
    },
    close: async (isAllCommitted) => {
      await new Promise<void>((resolve) => {
        onIdle = resolve;
        pump();
      });
      for (const { descriptor } of [page, other]) close(descriptor);
      if (isAllCommitted) removeSettleNotes(ledgerFile);
    },
  };
}

export function removeSettleNotes(ledgerFile: string): void {
  for (const file of noteFilesOf(ledgerFile)) rmSync(file, { force: true });
}

function textOf(file: string): string {
  try {
    // Whatever else stands there under this name may have no end.
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : '';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function noteOf(line: string): SettleNote[] {
  if (!line.startsWith('{"begun":')) return [];
  try {
    const note = JSON.parse(line) as Partial<SettleNote>;
    return note.begun !== undefined && note.settled?.id === note.begun.id ? [note as SettleNote] : [];
  } catch {
    // Cut in two by a newer one, or by the kill.
    return [];
  }
}
