/**
 * What is wrong with the ledger right now, in one sentence for the dashboard, the worst first: its file is damaged, rows wait for the disk, calls of
 * an earlier time are missing, a command ran past the proxy. Null while every call is written at once and none is missing.
 */
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Clock } from '../system/clock.ts';
import { directRunRemedy, watchDirectRuns } from './direct-runs.ts';
import { damageNoteOf } from './file-check.ts';
import { gapRemedy, gapShownMs, gapText, type Gap } from './gaps.ts';

/** What keeps rows from the disk. `code` is SQLite's, where it is known. */
export type WriteTrouble = {
  readonly reason: string;
  readonly code: string | null;
  readonly sinceMs: number;
  readonly waiting: number;
};

export type Condition = {
  /** Damage was found while the file is in use. Noted beside it, so that the next start looks at every page and opens a backup if it must. */
  readonly damaged: (reason: string) => void;
  readonly sentence: (trouble: WriteTrouble | null) => string | null;
};

export type ConditionOptions = {
  readonly file: string;
  readonly gaps: readonly Gap[];
  readonly clock: Clock;
  readonly onNotice: (sentence: string) => void;
};

export function createCondition({ file, gaps, clock, onNotice }: ConditionOptions): Condition {
  let damage: string | null = null;
  const directRuns = watchDirectRuns(dirname(file), clock);
  return {
    damaged: (reason) => {
      if (damage !== null) return;
      damage = reason;
      onNotice(damageSentence(reason, 0));
      try {
        writeFileSync(damageNoteOf(file), `${reason}\n`, { mode: 0o600 });
      } catch (error) {
        onNotice(
          `The damage could not be noted beside the ledger: ${error instanceof Error ? error.message : String(error)}.`,
        );
      }
    },
    sentence: (trouble) => {
      if (damage !== null) return damageSentence(damage, trouble?.waiting ?? 0);
      if (trouble !== null) return troubleSentence(trouble);
      const gap = gaps.findLast(({ toMs }) => clock.nowMs() - toMs < gapShownMs);
      if (gap !== undefined) return `${gapText(gap)} ${gapRemedy}`;
      const direct = directRuns();
      return direct === null ? null : `${direct} ${directRunRemedy}`;
    },
  };
}

function damageSentence(reason: string, waiting: number): string {
  const rows = waiting === 0 ? '' : `; ${rowsWait(waiting)} in memory`;
  return `The ledger’s file is damaged (${reason}). Calls still go through${rows}. Restart Tollkeeper: it keeps the damaged file and opens the last good backup.`;
}

export function troubleSentence({ reason, code, sinceMs, waiting }: WriteTrouble): string {
  const since = new Date(sinceMs).toISOString().slice(11, 16);
  return `The ledger cannot be written since ${since} UTC: ${wordsOf(reason, code)} Calls still go through; ${rowsWait(waiting)} and will be written as soon as that is mended.`;
}

function rowsWait(waiting: number): string {
  return waiting === 1 ? '1 row waits' : `${waiting} rows wait`;
}

/** What is wrong and what to do, by the code of SQLite or, from the journal, of the disk; its own words where we have none. */
function wordsOf(reason: string, code: string | null): string {
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full. Make room on it.';
  if (code?.startsWith('SQLITE_READONLY') || code === 'EROFS' || code === 'EACCES')
    return 'its disk or folder can only be read. Make it writable again.';
  if (code?.startsWith('SQLITE_BUSY'))
    return 'another program holds the file locked. Close what has ledger.sqlite open.';
  if (code?.startsWith('SQLITE_IOERR') || code === 'EIO')
    return `the disk fails (${reason}). Check the disk of the home folder.`;
  return `${reason}.`;
}
