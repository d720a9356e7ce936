/**
 * Prices calls again by the book in force: a call that comes out differently gets a correction that names the old row, in chunks of one transaction.
 * The old figure stays visible; rollups and shares that were not sent follow; what was sent becomes a difference to settle (shares.ts).
 * A price is never taken away: a call that this book cannot price keeps the price it has.
 */
import type { DayChange } from '../../shared/corrections.ts';
import type { PriceBook } from '../../shared/pricing/price-book.ts';
import { repriceCall, type Repriced } from '../../shared/pricing/reprice.ts';
import type { Db } from '../system/db.ts';
import { readStoredCalls, type StoredCall } from './call-row.ts';
import type { Recorder } from './record.ts';

export type RerateQuestion = {
  /** Days of the ledger's zone, inclusive. */
  readonly fromDay: string;
  readonly toDay: string;
  /** 0 at first, then the answer's `lastSeq`. */
  readonly afterSeq: number;
  readonly isTrial: boolean;
};

export type RerateResult = {
  readonly checked: number;
  readonly changed: number;
  /** Unpriced before, priced now; inside `changed`. */
  readonly newlyPriced: number;
  /** Without a price before and after. */
  readonly stillUnpriced: number;
  /** Calls whose passes another machine kept to itself, and calls that this book cannot price. */
  readonly kept: number;
  readonly differenceNanoUsd: number;
  /** Null when there are no more. */
  readonly lastSeq: number | null;
  readonly changes: readonly DayChange[];
};

type Rater = { readonly recorder: Recorder; readonly book: PriceBook };

const callsPerChunk = 500;

export function rerate(db: Db, { recorder, book }: Rater, question: RerateQuestion): RerateResult {
  const calls = readStoredCalls(db, { ...question, limit: callsPerChunk });
  const results = calls.map((stored) => ({ stored, anew: decide(stored, book) }));
  const changed = results.flatMap(({ stored, anew }) =>
    anew.kind === 'changed' ? [{ stored, price: anew.price }] : [],
  );
  const sum = changed.reduce(
    (total, { stored, price }) => total + (price.costNanoUsd ?? 0) - (stored.call.costNanoUsd ?? 0),
    0,
  );
  return {
    checked: calls.length,
    changed: changed.length,
    newlyPriced: changed.filter(({ stored }) => stored.call.costNanoUsd === null).length,
    stillUnpriced: results.filter(({ stored, anew }) => stored.call.costNanoUsd === null && anew.kind !== 'changed')
      .length,
    kept: results.filter(({ anew }) => anew.kind === 'kept').length,
    differenceNanoUsd: sum,
    lastSeq: calls.length < callsPerChunk ? null : (calls.at(-1)?.seq ?? null),
    changes: question.isTrial ? [] : write(db, recorder, changed, book.version),
  };
}

type Decision =
  | { readonly kind: 'same' }
  | { readonly kind: 'kept' }
  | { readonly kind: 'changed'; readonly price: Repriced };

function decide({ call, repeatOf }: StoredCall, book: PriceBook): Decision {
  // Nothing was answered, or by somebody's cache: no price of any book applies.
  if (repeatOf !== null || call.passCount === 0) return { kind: 'same' };
  const price = repriceCall(call, book);
  if (price === null) return { kind: 'kept' };
  if (price.costNanoUsd === call.costNanoUsd) return { kind: 'same' };
  return price.costNanoUsd === null ? { kind: 'kept' } : { kind: 'changed', price };
}

function write(
  db: Db,
  recorder: Recorder,
  changed: readonly { readonly stored: StoredCall; readonly price: Repriced }[],
  version: string,
): readonly DayChange[] {
  try {
    return db.transaction(() => {
      for (const { stored, price } of changed) {
        const { lines, ...figures } = price;
        const before = stored.call.priceBook === null ? 'it had no price' : `it was priced by ${stored.call.priceBook}`;
        const reason = `Priced again by price book ${version}; ${before}.`;
        recorder.correct(stored, { ...stored.call, ...figures }, lines, reason);
      }
      return recorder.writeRollups();
    })();
  } catch (error) {
    recorder.forget();
    throw error;
  }
}
