/**
 * The price book that the writer prices by, and the record of every book that ever did: an old figure can always be explained.
 * A version names one content for good; another content under a known name is refused.
 */
import { AppError } from '../../shared/contract/errors.ts';
import { createPriceBook, dataOf, type PriceBook, type PriceBookData } from '../../shared/pricing/price-book.ts';
import { changesBetween } from '../../shared/pricing/book-changes.ts';
import type { Db } from '../system/db.ts';

export type BookInForce = {
  readonly book: () => PriceBook;
  /** @throws AppError `bad_usage` when another book of this version has priced calls here. */
  readonly use: (question: { readonly data: PriceBookData; readonly nowMs: number }) => void;
  /** Writes the book in force down, once per version. */
  readonly remember: (nowMs: number) => void;
};

export function createBookInForce(db: Db, data: PriceBookData): BookInForce {
  let book = createPriceBook(data);

  /** Writes a book down under its version; the first content stays. */
  function remember(wanted: PriceBook, nowMs: number): void {
    db.prepare('INSERT INTO price_books (version, first_used_ms, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING').run(
      wanted.version,
      nowMs,
      JSON.stringify(dataOf(wanted)),
    );
  }

  /** A note or a date may change under a name; what decides a price may not. */
  function hasOtherPrices(wanted: PriceBook): boolean {
    const read = db.prepare<[string], string>('SELECT data FROM price_books WHERE version = ?').pluck();
    const text = read.get(wanted.version);
    if (text === undefined) return false;
    const known = JSON.parse(text) as PriceBookData;
    const { prices, modelsAdded, modelsRemoved } = changesBetween(known, dataOf(wanted));
    return prices.length + modelsAdded.length + modelsRemoved.length > 0;
  }

  return {
    book: () => book,
    use: ({ data: wanted, nowMs }) => {
      const next = createPriceBook(wanted);
      if (hasOtherPrices(next)) {
        throw new AppError(
          'bad_usage',
          `Another price book called ${next.version} has priced calls in this ledger.`,
          'Give the changed book a version name of its own.',
        );
      }
      remember(next, nowMs);
      book = next;
    },
    remember: (nowMs) => remember(book, nowMs),
  };
}
