/**
 * Settles what a crash left behind: first what had been settled and not been committed (`settle-notes.ts`), with all that was known of it; then every call still in flight when the ledger is opened for writing becomes partial and estimated.
 * The rule (design, invariant 3): nothing of its answer is known any more, so its tokens are 0, and it is unpriced with a reason,
 * never $0. A later source that knows better (transcript, reconciliation) corrects it with a new row.
 */
import type { BegunCall, CallOutcome } from '../../shared/call.ts';
import { noTokens } from '../../shared/usage.ts';
import type { Db } from '../system/db.ts';
import type { Recorder } from './record.ts';
import type { SettleNote } from './settle-notes.ts';

export const interruptedReason = 'Tollkeeper was stopped while this call was on its way, so its tokens are not known.';

type InFlightRow = Omit<BegunCall, 'isStream'> & { readonly isStream: number };

/** What was settled when the last run was killed and had not been committed. One transaction. Returns how many rows came of it. */
export function settleNoted(db: Db, recorder: Recorder, notes: readonly SettleNote[]): number {
  return db.transaction(() => {
    const settled = notes.map(({ begun, settled: told }) => recorder.settle(begun, told));
    recorder.writeRollups();
    return settled.filter(({ kind }) => kind !== 'unchanged').length;
  })();
}

/** Returns how many calls were settled. One transaction: a second crash in the middle leaves them all for the next start. */
export function settleInterrupted(db: Db, recorder: Recorder, nowMs: number): number {
  return db.transaction(() => {
    const rows = readInFlight(db);
    for (const begun of rows) recorder.settle(begun, { id: begun.id, outcome: interrupted(begun, nowMs), lines: [] });
    recorder.writeRollups();
    return rows.length;
  })();
}

export function readInFlight(db: Db): BegunCall[] {
  const rows = db
    .prepare<[], InFlightRow>(
      `SELECT id, source, started_at_ms AS startedAtMs, path, client, requested_model AS requestedModel, is_stream AS isStream,
              prompt_bytes AS promptBytes, member, project, customer, conversation
         FROM in_flight ORDER BY started_at_ms, id`,
    )
    .all();
  return rows.map((row) => ({ ...row, isStream: row.isStream === 1 }));
}

function interrupted(begun: BegunCall, nowMs: number): CallOutcome {
  return {
    ...noTokens,
    status: 'partial',
    isEstimated: true,
    endedAtMs: Math.max(nowMs, begun.startedAtMs),
    firstByteMs: null,
    model: null,
    messageId: null,
    requestId: null,
    httpStatus: null,
    stopReason: null,
    errorType: 'interrupted',
    serviceTier: null,
    speed: null,
    inferenceGeo: null,
    thinkingTokens: 0,
    webSearchRequests: 0,
    passCount: 0,
    responseBytes: 0,
    costNanoUsd: null,
    priceBook: null,
    unpricedReason: interruptedReason,
    usageJson: null,
  };
}
