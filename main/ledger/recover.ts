/**
 * Brings into the ledger what the last run left in the journal: first what had been settled, with all that was known of it; then every call that was
 * still on its way becomes partial and estimated. What the ledger has already is told again and changes nothing.
 * The rule of the latter (design, invariant 3): nothing of its answer is known any more, so its tokens are 0, and it is unpriced with a reason,
 * never $0. A later source that knows better (transcript, reconciliation) corrects it with a new row.
 */
import { notRefused, type BegunCall, type CallOutcome } from '../../shared/call.ts';
import { noTokens } from '../../shared/usage.ts';
import type { Db } from '../system/db.ts';
import type { JournalContent } from './read-journal.ts';
import type { Recorder } from './record.ts';

export const interruptedReason = 'Tollkeeper was stopped while this call was on its way, so its tokens are not known.';

/** One transaction: a second crash in the middle leaves it all for the next start. Returns how many calls were interrupted. */
export function recoverCalls(
  db: Db,
  recorder: Recorder,
  { settles, unsettled }: JournalContent,
  nowMs: number,
): number {
  return db.transaction(() => {
    for (const { begun, settled } of settles) recorder.settle(begun, settled);
    const interruptions = unsettled.map((begun) =>
      recorder.settle(begun, { id: begun.id, outcome: interrupted(begun, nowMs), lines: [] }),
    );
    recorder.writeRollups();
    return interruptions.filter(({ kind }) => kind !== 'unchanged').length;
  })();
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
    ...notRefused,
  };
}
