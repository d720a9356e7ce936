/**
 * The price book: dated prices of every model, as data. A book is immutable and named by its version; every priced call names it.
 * Unit prices are integers of pico-USD per token (10^-12 USD): $2 per million tokens is 2,000,000.
 * Models are found by exact id or declared alias, never by prefix: `claude-sonnet-5` must not price `claude-sonnet-5-5`.
 */
import type { z } from 'zod';

import type { modelSchema, periodSchema, priceBookSchema, ratesSchema } from './price-book-schema.ts';

export type Rates = z.infer<typeof ratesSchema>;
export type PricePeriod = z.infer<typeof periodSchema>;
export type ModelPrices = z.infer<typeof modelSchema>;
export type PriceBookData = Readonly<Omit<z.infer<typeof priceBookSchema>, 'models'>> & {
  readonly models: readonly ModelPrices[];
};

const longMarker = '[1m]';

/** A book's data with the way to look a model up in it. */
export type PriceBook = PriceBookData & {
  /** Exact id or declared alias, a trailing `[1m]` (a marker of Claude Code, not part of the id) ignored. */
  readonly find: (modelId: string) => ModelPrices | null;
};

/** From data that has the form of a price book (price-book-schema.ts). */
export function createPriceBook(book: PriceBookData): PriceBook {
  const byName = new Map<string, ModelPrices>();
  for (const entry of book.models) {
    for (const name of [entry.id, ...entry.aliases]) byName.set(name, entry);
  }
  return { ...book, find: (modelId) => byName.get(withoutMarker(modelId)) ?? null };
}

function withoutMarker(modelId: string): string {
  return modelId.endsWith(longMarker) ? modelId.slice(0, -longMarker.length) : modelId;
}

/** The book as data alone, in the order and with the keys of its file. */
export function dataOf({ find: _find, ...data }: PriceBook): PriceBookData {
  return data;
}

/** The prices in force at an instant; periods are in order of time and the last one is open. */
export function periodAt(prices: ModelPrices, atMs: number): PricePeriod {
  const found = prices.periods.find((candidate) => candidate.until === null || atMs < Date.parse(candidate.until));
  if (!found) throw new RangeError(`the price book has no open period for ${prices.id}`);
  return found;
}
