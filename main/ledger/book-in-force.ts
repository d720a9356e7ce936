/**
 * The price book that the writer prices by, and the record of every book that ever did: an old figure can always be explained.
 * A version names one content for good; another content under a known name is refused.
 */
import { AppError } from '../../shared/contract/errors.ts';
import { createPriceBook, dataOf, type PriceBook, type PriceBookData } from '../../shared/pricing/price-book.ts';
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

  /** The first content of a version stays; false when this one is another. */
  function remember(wanted: PriceBook, nowMs: number): boolean {
    const text = JSON.stringify(dataOf(wanted));
    const inserted = db
      .prepare('INSERT INTO price_books (version, first_used_ms, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
      .run(wanted.version, nowMs, text);
    if (inserted.changes > 0) return true;
    return (
      db.prepare<[string], string>('SELECT data FROM price_books WHERE version = ?').pluck().get(wanted.version) ===
      text
    );
  }

  return {
    book: () => book,
    use: ({ data: wanted, nowMs }) => {
      const next = createPriceBook(wanted);
      if (!remember(next, nowMs)) {
        throw new AppError(
          'bad_usage',
          `Another price book called ${next.version} has priced calls in this ledger.`,
          'Give the changed book a version name of its own.',
        );
      }
      book = next;
    },
    // A book that ships may gain a note under its name; that must not keep an engine from starting.
    remember: (nowMs) => void remember(book, nowMs),
  };
}
