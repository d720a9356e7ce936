/**
 * What became of cancellations that Stripe was asked for. The writing side; one transaction each. Only Stripe's yes, or the summary of its minute, makes an event
 * sealed anew (reissue.ts): never both are counted, and never neither. Which are asked for stands in take-cancellations.ts.
 */
import type { Db } from '../system/db.ts';
import { reissue } from './reissue.ts';

/** What one attempt came to (sync/decide-cancellation.ts). */
export type CancellationAnswer = { readonly identifier: string; readonly nowMs: number } & (
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly sentence: string }
  | {
      readonly kind: 'wait';
      readonly nextAttemptAtMs: number | null;
      readonly mayHaveArrived: boolean;
      readonly isKeySpent: boolean;
      readonly sentence: string;
    }
);

export function recordCancellation(db: Db, answer: CancellationAnswer): void {
  db.transaction(() => {
    switch (answer.kind) {
      case 'done':
        return finishCancellation(db, { ...answer, reason: 'Stripe cancelled it, since calls of it were corrected.' });
      case 'refused':
        return refuseCancellation(db, answer);
      case 'wait':
        return waitForCancellation(db, answer);
    }
  })();
}

function waitForCancellation(db: Db, answer: Extract<CancellationAnswer, { readonly kind: 'wait' }>): void {
  const { identifier, nextAttemptAtMs, sentence } = answer;
  db.prepare(
    `UPDATE cancellations SET may_have_arrived = @mayHaveArrived, key_number = key_number + @isKeySpent, last_answer = @sentence
      WHERE identifier = @identifier AND state = 'asked'`,
  ).run({ identifier, sentence, mayHaveArrived: Number(answer.mayHaveArrived), isKeySpent: Number(answer.isKeySpent) });
  db.prepare(
    `UPDATE meter_events SET next_attempt_at_ms = ?, last_answer = ? WHERE identifier = ? AND state = 'cancelling'`,
  ).run(nextAttemptAtMs, sentence, identifier);
}

export type Finished = { readonly identifier: string; readonly nowMs: number; readonly reason: string };

/** Stripe counts nothing of it any more: its calls' sum is sealed under an identifier of its own, or withdrawn. */
export function finishCancellation(db: Db, { identifier, nowMs, reason }: Finished): void {
  const id = cancellingId(db, identifier);
  if (id === undefined) return;
  db.prepare(`UPDATE cancellations SET state = 'done', done_at_ms = ?, last_answer = ? WHERE identifier = ?`).run(
    nowMs,
    reason,
    identifier,
  );
  reissue(db, { id, nowMs, reason: `${reason} Its sum is sent anew under a new identifier.` });
}

/** It counts as it was sent; what differs is settled by a carry-forward. */
export function refuseCancellation(
  db: Db,
  { identifier, sentence }: { readonly identifier: string; readonly sentence: string },
): void {
  db.prepare(`UPDATE cancellations SET state = 'refused', last_answer = ? WHERE identifier = ?`).run(
    sentence,
    identifier,
  );
  db.prepare(
    `UPDATE meter_events SET state = 'accepted', next_attempt_at_ms = NULL, last_answer = ? WHERE identifier = ? AND state = 'cancelling'`,
  ).run(`${sentence} It counts as it was sent; the difference is settled by a carry-forward.`, identifier);
}

function cancellingId(db: Db, identifier: string): string | undefined {
  return db
    .prepare<[string], string>(`SELECT id FROM meter_events WHERE identifier = ? AND state = 'cancelling'`)
    .pluck()
    .get(identifier);
}

/** At start: what a crash left under way is asked again at once, under the key it had. */
export function releaseCancellations(db: Db): void {
  db.prepare(
    `UPDATE meter_events SET next_attempt_at_ms = 0 WHERE state = 'cancelling' AND next_attempt_at_ms IS NOT NULL`,
  ).run();
}
