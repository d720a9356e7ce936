/** Stretches of time whose calls are missing from the ledger because its file was damaged. Kept in the ledger itself, so that they outlive a restart. */
import type { Db } from '../system/db.ts';
import { readFact, writeFact } from './facts.ts';

export type Gap = {
  /** Null: everything before `toMs`, since there was no backup. */
  readonly fromMs: number | null;
  readonly toMs: number;
  /** What was wrong: "the file is empty". */
  readonly reason: string;
  /** The name of what was kept of it, in the home folder. */
  readonly keptAs: string;
  readonly opened: Opened;
};

/** What took the damaged ledger's place: a backup, an empty ledger, or the file itself as of its last checkpoint. */
export type Opened =
  | { readonly kind: 'backup'; readonly name: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'file' };

/** The latest; an older one has been filled or given up long since. */
const gapsMax = 20;
/** How long a person is told. */
export const gapShownMs = 30 * 86_400_000;

export const gapRemedy =
  'Run `tollkeeper import claude-code` for what Claude Code noted, and compare the days with Anthropic’s usage report.';

export function readGaps(db: Db): Gap[] {
  return JSON.parse(readFact(db, 'gaps') ?? '[]') as Gap[];
}

export function noteGap(db: Db, gap: Gap): void {
  writeFact(db, 'gaps', JSON.stringify([...readGaps(db), gap].slice(-gapsMax)));
}

export function gapText({ fromMs, toMs, reason, keptAs, opened }: Gap): string {
  const when = fromMs === null ? `before ${minute(toMs)}` : `from ${minute(fromMs)} to ${minute(toMs)}`;
  return `Calls ${when} may be missing from the ledger: ${reason}. It is kept as ${keptAs}; ${openedText(opened)}.`;
}

function openedText(opened: Opened): string {
  switch (opened.kind) {
    case 'backup':
      return `the backup ${opened.name} was opened`;
    case 'empty':
      return 'there was no backup to open, so an empty ledger was begun';
    case 'file':
      return 'what had reached the file itself was opened';
  }
}

function minute(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
