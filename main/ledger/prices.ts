/**
 * The price book in force in a running engine or command, and the two things that can be done with it: put another one in force, and price past
 * calls again. The writer thread keeps its own copy, since it prices what it merges.
 */
import type { RerateAnswer } from '../../shared/contract/api.ts';
import type { DayChange } from '../../shared/corrections.ts';
import { createPriceBook, type PriceBook, type PriceBookData } from '../../shared/pricing/price-book.ts';
import type { Clock } from '../system/clock.ts';
import type { Ledger } from './open.ts';
import type { RerateResult } from './rerate.ts';

export type Prices = {
  readonly book: () => PriceBook;
  /** @throws AppError `bad_usage` when another book of this version has priced calls here. */
  readonly use: (data: PriceBookData) => Promise<void>;
  /** Days inclusive; `isTrial` only tells what would change. */
  readonly rerate: (question: RerateRange) => Promise<RerateAnswer>;
};

export type RerateRange = { readonly from: string | null; readonly to: string | null; readonly isTrial: boolean };

type PricesOptions = {
  readonly ledger: Pick<Ledger, 'write'>;
  readonly book: PriceBook;
  readonly clock: Clock;
  readonly onChanges: (changes: readonly DayChange[]) => void;
};

export function createPrices({ ledger, book: first, clock, onChanges }: PricesOptions): Prices {
  let book = first;
  return {
    book: () => book,
    use: async (data) => {
      const next = createPriceBook(data);
      await ledger.write('useBook', { data, nowMs: clock.nowMs() });
      book = next;
    },
    rerate: async ({ from, to, isTrial }) => {
      const sum = { checked: 0, changed: 0, newlyPriced: 0, stillUnpriced: 0, kept: 0, differenceNanoUsd: 0 };
      const range = { fromDay: from ?? '', toDay: to ?? '9999', isTrial };
      for (let afterSeq: number | null = 0; afterSeq !== null;) {
        // Chunk by chunk: a begin of the proxy waits for one of them at most.
        const part: RerateResult = await ledger.write('rerate', { ...range, afterSeq });
        sum.checked += part.checked;
        sum.changed += part.changed;
        sum.newlyPriced += part.newlyPriced;
        sum.stillUnpriced += part.stillUnpriced;
        sum.kept += part.kept;
        sum.differenceNanoUsd += part.differenceNanoUsd;
        onChanges(part.changes);
        afterSeq = part.lastSeq;
      }
      return { ...sum, isTrial, priceBook: book.version };
    },
  };
}
