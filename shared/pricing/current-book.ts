/** The price book that ships with this version. Made by scripts/make-price-book.ts; not edited by hand. */
import bookData from './books/2026-11-24.json' with { type: 'json' };
import { createPriceBook, type PriceBook } from './price-book.ts';

export const currentBook: PriceBook = createPriceBook(bookData);
