/** The price book that ships with this version. Made by scripts/make-price-book.ts; not edited by hand. A test holds it against the schema. */
import bookData from './books/2026-11-24.json' with { type: 'json' };
import { createPriceBook, type PriceBook, type PriceBookData } from './price-book.ts';

export const currentBook: PriceBook = createPriceBook(bookData as PriceBookData);
