/**
 * What became of attempts to send, written down: a group of answers is one transaction, and what is due next is taken in the same one, so that the
 * drain asks the disk once for both. The writing side.
 */
import { preparedOnce, type Db } from '../system/db.ts';
import { foldDifferences } from './fold-differences.ts';
import { takeDueEvents, type DueEvent, type DueQuestion } from './take-due.ts';

/** What became of one attempt. `sealed` means that it surely did not arrive, so its 24 hours have not begun. */
export type EventAnswer = {
  readonly id: string;
  readonly nowMs: number;
  readonly state: 'accepted' | 'rejected' | 'sealed' | 'unknown' | 'set_aside';
  /** Null when nothing more is tried by itself. */
  readonly nextAttemptAtMs: number | null;
  readonly sentence: string;
  /** True when an earlier attempt may have arrived: the clock of its identifier goes on. */
  readonly mayHaveArrived: boolean;
  /** Of what is rejected: why (shared/stripe-rejections.ts). */
  readonly rejectionCode: string | null;
};

/** An answer of an event that is not `sending` any more changes nothing. */
export function recordAnswers(db: Db, answers: readonly EventAnswer[]): void {
  if (answers.length === 0) return;
  const write = writeOf(db);
  db.transaction(() => {
    for (const { mayHaveArrived, ...answer } of answers) {
      const isSent = Number(mayHaveArrived || answer.state === 'accepted');
      const isWritten = write.run({ ...answer, isSent }).changes > 0;
      if (isWritten && !mayHaveArrived) foldDifferences(db, answer.id);
    }
  })();
}

export type OutboxTurn = DueQuestion & { readonly answers: readonly EventAnswer[] };

/** Writes down what came back and takes what is due; both or neither. */
export function turnOutbox(db: Db, { answers, ...question }: OutboxTurn): DueEvent[] {
  return db.transaction(() => {
    recordAnswers(db, answers);
    return takeDueEvents(db, question);
  })();
}

const writeOf = preparedOnce((db) =>
  db.prepare(
    `UPDATE meter_events
        SET state = @state, next_attempt_at_ms = @nextAttemptAtMs, last_answer = @sentence, rejection_code = @rejectionCode,
            accepted_at_ms = CASE WHEN @state = 'accepted' THEN @nowMs END,
            set_aside_at_ms = CASE WHEN @state = 'set_aside' THEN @nowMs END,
            set_aside_reason = CASE WHEN @state = 'set_aside' THEN 'too_old' END,
            first_sent_at_ms = CASE WHEN @isSent THEN first_sent_at_ms END,
            last_sent_at_ms = CASE WHEN @isSent THEN last_sent_at_ms END
      WHERE id = @id AND state = 'sending'`,
  ),
);
