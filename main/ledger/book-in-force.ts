/**
 * The price book that the writer prices by, and the record of every book that ever did: an old figure can always be explained.
 * A version names one content for good; another content under a known name is refused.
 */
import { AppError } from '../../shared/contract/errors.ts';
import { createPriceBook, type PriceBook } from '../../shared/pricing/price-book.ts';
import type { Db } from '../system/db.ts';

export type BookInForce = {
  readonly book: () => PriceBook;
  /** @throws AppError `bad_usage` when another book of this version has priced calls here. */
  readonly use: (question: { readonly data: PriceBook['data']; readonly nowMs: number }) => void;
  /** Writes the book in force down, once per version. */
  readonly remember: (nowMs: number) => void;
};

export function createBookInForce(db: Db, data: PriceBook['data']): BookInForce {
  let book = createPriceBook(data);

  function remember(wanted: PriceBook, nowMs: number): void {
    const text = JSON.stringify(wanted.data);
    const known = db.prepare<[string], string>('SELECT data FROM price_books WHERE version = ?').pluck();
    const before = known.get(wanted.version);
    if (before === undefined) {
      db.prepare('INSERT INTO price_books (version, first_used_ms, data) VALUES (?, ?, ?)').run(
        wanted.version,
        nowMs,
        text,
      );
    } else if (before !== text) {
      throw new AppError(
        'bad_usage',
        `Another price book called ${wanted.version} has priced calls in this ledger.`,
        'Give the changed book a version name of its own.',
      );
    }
  }

  return {
    book: () => book,
    use: ({ data: wanted, nowMs }) => {
      const next = createPriceBook(wanted);
      remember(next, nowMs);
      book = next;
    },
    remember: (nowMs) => remember(book, nowMs),
  };
}
