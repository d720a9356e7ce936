/**
 * Brings settles from the journal's side of the thread border to the ledger's, in batches: one is on its way at a time, and whatever gathers meanwhile is
 * the next. A call waits for none of this. Promises that every settle is applied in the order it was told, each batch whole or not at all; what the
 * ledger refuses stays in front, and is tried again each second. Beyond what memory may hold, settles are left to the journal: it keeps them, and the next
 * start brings them in.
 */
import type { Unusual } from '../../shared/corrections.ts';
import type { Clock, Timer } from '../system/clock.ts';
import type { WriteTrouble } from './condition.ts';
import type { ApplyAnswer, ApplyBatch } from './apply-settles.ts';

export type OnApplied = (unusual: Unusual | null) => void;

export type ApplyQueue = {
  /** `settleJson` is the text of the journal; `number` counts settles up. */
  readonly add: (number: number, callId: string, settleJson: string, onApplied: OnApplied) => void;
  readonly trouble: () => WriteTrouble | null;
  /** Resolves when everything handed over so far is in the ledger, or the ledger has refused it. */
  readonly flush: () => Promise<void>;
};

export type ApplyQueueOptions = {
  readonly clock: Clock;
  readonly post: (batch: ApplyBatch) => void;
  /** The ledger's answers are to be handed to the function given here. */
  readonly onAnswers: (take: (answer: ApplyAnswer) => void) => void;
  /** Every settle up to this number stands in the ledger. */
  readonly onApplied: (number: number) => void;
  /** A commit failed because the file is damaged. */
  readonly onDamage: (reason: string) => void;
};

/**
 * Rows that come close together share one transaction, and with it the pages of the indexes that it writes; a person at the screen does not see so short
 * a while.
 */
const gatherMs = 40;
/** Enough of them do not wait, since the next batch gathers while this one is written. */
const gatheredMin = 400;
/** Bounds a transaction, and with it the wait of whatever else the writer thread is asked. */
const settlesPerBatchMax = 1_000;
const retryDelayMs = 1_000;
/** About 100 MB. */
const waitingSettlesMax = 100_000;

type Waiting = {
  readonly number: number;
  readonly callId: string;
  readonly settleJson: string;
  readonly onApplied: OnApplied;
};

export function createApplyQueue({ clock, post, onAnswers, onApplied, onDamage }: ApplyQueueOptions): ApplyQueue {
  let queue: Waiting[] = [];
  let underWay: readonly Waiting[] = [];
  let timer: Timer | null = null;
  let trouble: Omit<WriteTrouble, 'waiting'> | null = null;
  const waitingForAnswer: (() => void)[] = [];
  /** The first settle that is left to the journal. */
  let firstLeft = Infinity;

  function send(): void {
    timer?.cancel();
    timer = null;
    if (underWay.length > 0 || queue.length === 0) return;
    underWay = queue.slice(0, settlesPerBatchMax);
    queue = queue.slice(underWay.length);
    post({ settles: underWay.map(({ settleJson }) => settleJson) });
  }

  function plan(): void {
    if (underWay.length > 0) return;
    if (trouble === null && queue.length >= gatheredMin) send();
    else timer ??= clock.after(trouble === null ? gatherMs : retryDelayMs, send);
  }

  onAnswers((answer) => {
    const answered = underWay;
    underWay = [];
    if (answer.kind === 'committed') {
      trouble = null;
      onApplied(Math.min(answered.at(-1)?.number ?? 0, firstLeft - 1));
      for (const waiting of answered) waiting.onApplied(unusualOf(waiting, answer.unusual));
    } else {
      queue = [...answered, ...queue];
      trouble = { reason: answer.reason, code: answer.code, sinceMs: trouble?.sinceMs ?? clock.nowMs() };
      if (answer.isDamage) onDamage(answer.reason);
    }
    if (queue.length > 0) plan();
    for (const resolve of waitingForAnswer.splice(0)) resolve();
  });

  function nextAnswer(): Promise<void> {
    return new Promise((resolve) => waitingForAnswer.push(resolve));
  }

  return {
    add: (number, callId, settleJson, applied) => {
      if (queue.length >= waitingSettlesMax) firstLeft = Math.min(firstLeft, number);
      else queue.push({ number, callId, settleJson, onApplied: applied });
      plan();
    },
    trouble: () => (trouble === null ? null : { ...trouble, waiting: queue.length + underWay.length }),
    flush: async () => {
      if (underWay.length > 0) await nextAnswer();
      // What was refused before is tried once more: its reason may be gone.
      while (queue.length > 0) {
        send();
        await nextAnswer();
        if (trouble !== null) return;
      }
    },
  };
}

/** The list is empty but for a rare call. */
function unusualOf({ callId }: Waiting, unusual: readonly Unusual[]): Unusual | null {
  return unusual.length === 0 ? null : (unusual.find((told) => told.callId === callId) ?? null);
}
