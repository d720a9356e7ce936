/**
 * Reads the newest calls from the ledger again after corrections: what is shown of single calls is then no longer what the ledger says. Promises to
 * read once for many corrections in a row, to lose no call that is settled while it reads, and to tell nothing after it was closed.
 */
import type { CallRow } from '../../shared/contract/api.ts';
import type { Clock, Timer } from '../system/clock.ts';
import type { SpendStart } from './spend-meter.ts';

/** Newest first, and the last hour by minute. */
export type LiveCalls = { readonly recent: readonly CallRow[]; readonly minutes: SpendStart['minutes'] };

export type ReadAgain = {
  readonly soon: () => void;
  /** A call that was settled just now; it is told as late when the ledger's answer does not have it. */
  readonly settled: (row: CallRow) => void;
  readonly close: () => void;
};

type ReadAgainOptions = {
  readonly clock: Clock;
  readonly read: () => Promise<LiveCalls>;
  /** `late`: settled while the ledger was read and not in its answer, the oldest first. */
  readonly onRead: (calls: LiveCalls, late: readonly CallRow[]) => void;
};

/** An import tells of thousands of changes one after another. */
const delayMs = 500;

export function createReadAgain({ clock, read, onRead }: ReadAgainOptions): ReadAgain {
  let meanwhile: CallRow[] = [];
  let timer: Timer | null = null;
  let isClosed = false;
  let isReading = false;

  function soon(): void {
    timer ??= clock.after(delayMs, () => void run());
  }

  async function run(): Promise<void> {
    timer = null;
    // One reading at a time; a correction that comes while it runs is read after it.
    if (isReading) return soon();
    isReading = true;
    meanwhile = [];
    try {
      const calls = await read();
      if (isClosed) return;
      const late = meanwhile.filter(({ id }) => !calls.recent.some((row) => row.id === id));
      onRead(calls, late);
    } catch (error) {
      // The ledger's reader ends with the engine, whatever it was asked.
      if (!isClosed) throw error;
    } finally {
      isReading = false;
      meanwhile = [];
    }
  }

  return {
    soon,
    settled: (row) => {
      if (isReading) meanwhile.push(row);
    },
    close: () => {
      isClosed = true;
      timer?.cancel();
    },
  };
}
