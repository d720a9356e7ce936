/**
 * Reads what a stopped engine left in its journal: the calls that were begun and never settled, and the settles that may not have reached the ledger.
 * Reads files, writes nothing. A line that was cut, or that stands from an earlier use of the file, is passed over.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { BegunCall, SettledCall } from '../../shared/call.ts';
import { readJournalLine, readSegmentHead } from './journal-line.ts';

export type JournaledSettle = { readonly begun: BegunCall; readonly settled: SettledCall };

export type JournalContent = {
  /** In the order in which they began. */
  readonly unsettled: readonly BegunCall[];
  /** In the order in which they were told; the ledger may have some of them. */
  readonly settles: readonly JournaledSettle[];
};

type SegmentContent = { readonly generation: number; readonly lines: readonly string[] };

/** Empty when there is no journal, as after an orderly end. @throws the error of the disk when a file is there and cannot be read. */
export function readJournal(folder: string): JournalContent {
  const unsettled = new Map<string, BegunCall>();
  const settles: JournaledSettle[] = [];
  const segments = journalFiles(folder)
    .map(readSegment)
    .filter((segment) => segment !== null)
    .toSorted((a, b) => a.generation - b.generation);
  for (const { generation, lines } of segments) {
    for (const text of lines) {
      const line = readJournalLine(generation, text);
      if (line?.mark === 'b') {
        const call = JSON.parse(line.json) as BegunCall;
        unsettled.set(call.id, call);
      } else if (line?.mark === 's') {
        const settle = JSON.parse(line.json) as JournaledSettle;
        settles.push(settle);
      }
    }
  }
  for (const { begun } of settles) unsettled.delete(begun.id);
  return { unsettled: [...unsettled.values()], settles };
}

/** To be called when everything in it stands in the ledger. */
export function forgetJournal(folder: string): void {
  for (const path of journalFiles(folder)) rmSync(path, { force: true });
}

function journalFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^segment-\d+$/.test(name))
      .map((name) => join(folder, name));
  } catch (error) {
    // No folder, or something else in its place: there is no journal.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/**
 * Null when nothing was ever written into it. What was never written is zeros: at the file's end, and where a write was under way when the process ended
 * and a later one was not.
 */
function readSegment(path: string): SegmentContent | null {
  const [head = '', ...lines] = readFileSync(path, 'utf8').split(/[\n\0]+/);
  const generation = readSegmentHead(head);
  return generation === null ? null : { generation, lines };
}
