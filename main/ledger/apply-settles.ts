/**
 * Settles as they stand in the journal, brought into the ledger as one transaction: whole or not at all, in the order they were told.
 * A commit that failed (disk full, locked) is answered as `failed`; the asker keeps the settles and asks again.
 */
import type { Unusual } from '../../shared/corrections.ts';
import { isDamage, type Db } from '../system/db.ts';
import type { JournaledSettle } from './read-journal.ts';
import type { Recorder } from './record.ts';

/** Each settle as the journal's JSON text: a text crosses the border of a thread for a fraction of what an object costs. */
export type ApplyBatch = { readonly settles: readonly string[] };

export type ApplyAnswer = { readonly kind: 'committed'; readonly unusual: readonly Unusual[] } | FailedApply;

export type FailedApply = {
  readonly kind: 'failed';
  readonly reason: string;
  /** SQLite's, where it is SQLite that refused. */
  readonly code: string | null;
  /** The file is damaged: no later try will do better. */
  readonly isDamage: boolean;
};

export function applySettles(db: Db, recorder: Recorder, { settles }: ApplyBatch): ApplyAnswer {
  try {
    const unusual = db.transaction(() => {
      const told = settles.flatMap((json) => apply(recorder, JSON.parse(json) as JournaledSettle));
      recorder.writeRollups();
      return told;
    })();
    return { kind: 'committed', unusual };
  } catch (error) {
    recorder.forget();
    return { kind: 'failed', ...reasonOf(error) };
  }
}

function reasonOf(error: unknown): Pick<FailedApply, 'reason' | 'code' | 'isDamage'> {
  const code: unknown = error instanceof Error ? (error as Error & { code?: unknown }).code : null;
  return {
    reason: error instanceof Error ? error.message : String(error),
    code: typeof code === 'string' ? code : null,
    isDamage: isDamage(error),
  };
}

const nothingUnusual: readonly Unusual[] = [];

function apply(recorder: Recorder, { begun, settled: told }: JournaledSettle): readonly Unusual[] {
  const settled = recorder.settle(begun, told);
  const callId = begun.id;
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
