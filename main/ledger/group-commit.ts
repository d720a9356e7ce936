/**
 * Commits what has gathered as one transaction: every begin and settle that reached the worker while the last commit ran shares the
 * next one, so one fsync serves many calls. Promises: a batch is committed whole or not at all, in the order it was asked for.
 * A failed commit (disk full, locked) is answered as `failed`; the asker keeps the rows and asks again.
 */
import type { BegunCall, SettledCall } from '../../shared/call.ts';
import type { Unusual } from '../../shared/corrections.ts';
import { isDamage, type Db } from '../system/db.ts';
import type { Recorder } from './record.ts';

export type LedgerWrite =
  | { readonly kind: 'begin'; readonly call: BegunCall }
  | { readonly kind: 'settle'; readonly begun: BegunCall; readonly settled: SettledCall };

export type WriteBatch = { readonly number: number; readonly writes: readonly LedgerWrite[] };

export type CommitAnswer =
  | { readonly kind: 'committed'; readonly lastNumber: number; readonly unusual: readonly Unusual[] }
  | FailedCommit;

export type FailedCommit = {
  readonly kind: 'failed';
  readonly lastNumber: number;
  readonly reason: string;
  /** SQLite's, where it is SQLite that refused. */
  readonly code: string | null;
  /** The file is damaged: no later try will do better. */
  readonly isDamage: boolean;
};

export function commitTogether(db: Db, recorder: Recorder, batches: readonly WriteBatch[]): CommitAnswer {
  const lastNumber = batches.at(-1)?.number ?? 0;
  try {
    const unusual = db.transaction(() => {
      const told = batches.flatMap((batch) => batch.writes.flatMap((write) => applyWrite(recorder, write)));
      recorder.writeRollups();
      return told;
    })();
    return { kind: 'committed', lastNumber, unusual };
  } catch (error) {
    recorder.forget();
    return { kind: 'failed', lastNumber, ...reasonOf(error) };
  }
}

function reasonOf(error: unknown): Pick<FailedCommit, 'reason' | 'code' | 'isDamage'> {
  const code: unknown = error instanceof Error ? (error as Error & { code?: unknown }).code : null;
  return {
    reason: error instanceof Error ? error.message : String(error),
    code: typeof code === 'string' ? code : null,
    isDamage: isDamage(error),
  };
}

const nothingUnusual: readonly Unusual[] = [];

function applyWrite(recorder: Recorder, write: LedgerWrite): readonly Unusual[] {
  if (write.kind === 'begin') {
    recorder.begin(write.call);
    return nothingUnusual;
  }
  const settled = recorder.settle(write.begun, write.settled);
  const callId = write.begun.id;
  switch (settled.kind) {
    case 'recorded':
      return nothingUnusual;
    case 'repeat':
      return [{ callId, kind: 'repeat', outcome: settled.outcome }];
    case 'unchanged':
      // Its own row again: the commit was tried twice, and the first answer was lost.
      return settled.callId === callId ? nothingUnusual : [{ callId, kind: 'merged', changes: [] }];
    case 'corrected':
      return [{ callId, kind: 'merged', changes: settled.changes }];
  }
}
