/**
 * Commits what has gathered as one transaction: every begin and settle that reached the worker while the last commit ran shares the
 * next one, so one fsync serves many calls. Promises: a batch is committed whole or not at all, in the order it was asked for.
 * A failed commit (disk full, locked) is answered as `failed`; the asker keeps the rows and asks again.
 */
import type { BegunCall, SettledCall } from '../../shared/call.ts';
import type { Db } from '../system/db.ts';
import type { Recorder } from './record.ts';

export type LedgerWrite =
  | { readonly kind: 'begin'; readonly call: BegunCall }
  | { readonly kind: 'settle'; readonly begun: BegunCall; readonly settled: SettledCall };

export type WriteBatch = { readonly number: number; readonly writes: readonly LedgerWrite[] };

export type CommitAnswer =
  | { readonly kind: 'committed'; readonly lastNumber: number }
  | { readonly kind: 'failed'; readonly lastNumber: number; readonly reason: string };

export function commitTogether(db: Db, recorder: Recorder, batches: readonly WriteBatch[]): CommitAnswer {
  const lastNumber = batches.at(-1)?.number ?? 0;
  try {
    db.transaction(() => {
      for (const batch of batches) for (const write of batch.writes) applyWrite(recorder, write);
    })();
    return { kind: 'committed', lastNumber };
  } catch (error) {
    return { kind: 'failed', lastNumber, reason: error instanceof Error ? error.message : String(error) };
  }
}

function applyWrite(recorder: Recorder, write: LedgerWrite): void {
  if (write.kind === 'begin') recorder.begin(write.call);
  else recorder.settle(write.begun, write.settled);
}
