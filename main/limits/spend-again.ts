/**
 * Reads what is spent from the ledger again after an import or a correction. The ledger's writer thread answers in the order it is asked, so that a call is
 * in its answer exactly when its commit has been told before; those that are not are added (`uncommitted`). Bounded.
 */
import type { BegunCall } from '../../shared/call.ts';
import type { BudgetSums, DaySpend } from '../../shared/contract/limits-start.ts';
import type { Clock, Timer } from '../system/clock.ts';

export type SpendAgain = {
  /** A call has ended; its row is not in the ledger yet. */
  readonly ended: (call: BegunCall, costNanoUsd: number) => void;
  readonly committed: (callId: string) => void;
  /** Once for many changes in a row. */
  readonly soon: () => void;
  readonly close: () => void;
};

export type SpendAgainOptions = {
  readonly clock: Clock;
  readonly dayOf: (atMs: number) => string;
  readonly read: (question: { readonly today: string; readonly nowMs: number }) => Promise<BudgetSums>;
  readonly onRead: (sums: BudgetSums) => void;
  readonly onFailure: (sentence: string) => void;
};

/** An import tells of thousands of changes one after another. */
const delayMs = 500;
/** As many as the ledger's own queue holds while the disk refuses. */
const uncommittedMax = 100_000;

export function createSpendAgain({ clock, dayOf, read, onRead, onFailure }: SpendAgainOptions): SpendAgain {
  const uncommitted = new Map<string, DaySpend>();
  let timer: Timer | null = null;
  let isClosed = false;

  async function run(): Promise<void> {
    timer = null;
    try {
      const nowMs = clock.nowMs();
      const { spend, batches } = await read({ today: dayOf(nowMs), nowMs });
      onRead({ spend: [...spend, ...uncommitted.values()], batches });
    } catch (error) {
      // The ledger ends with the engine, whatever it was asked.
      if (!isClosed)
        onFailure(`What is spent could not be read again: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  return {
    ended: ({ id, startedAtMs, member, project, customer }, costNanoUsd) => {
      if (uncommitted.size >= uncommittedMax) return;
      uncommitted.set(id, { day: dayOf(startedAtMs), member, project, customer, costNanoUsd });
    },
    committed: (callId) => void uncommitted.delete(callId),
    soon: () => {
      if (!isClosed) timer ??= clock.after(delayMs, () => void run());
    },
    close: () => {
      isClosed = true;
      timer?.cancel();
    },
  };
}
