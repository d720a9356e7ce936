/**
 * The price book: dated prices of every model, as data. A book is immutable and named by its version; every priced call names it.
 * Unit prices are integers of pico-USD per token (10^-12 USD): $2 per million tokens is 2,000,000.
 * Models are found by exact id or declared alias, never by prefix: `claude-sonnet-5` must not price `claude-sonnet-5-5`.
 */
import { z } from 'zod';

/** Null means that no price is published; a call that uses such a class is unpriced, never $0. */
const price = z.int().min(0).nullable();
const rates = z.strictObject({
  input: price,
  cacheWrite5m: price,
  cacheWrite1h: price,
  cacheRead: price,
  output: price,
});

const period = z.strictObject({
  /** RFC 3339 instant at which these prices end, exclusive; null while they are in force. */
  until: z.iso.datetime().nullable(),
  standard: rates,
  batch: rates.nullable(),
  fast: rates.nullable(),
  longPrompt: z.strictObject({ moreThanTokens: z.int(), standard: rates, batch: rates.nullable() }).nullable(),
});

const model = z.strictObject({
  id: z.string(),
  aliases: z.array(z.string()),
  contextWindowTokens: z.int().nullable(),
  maxOutputTokens: z.int().nullable(),
  /** Tenths: 11 means ×1.1 when `usage.inference_geo` is "us"; null where residency does not change the price. */
  usGeoTenths: z.int().nullable(),
  confidence: z.string(),
  periods: z.array(period).min(1),
});

export const priceBookSchema = z.strictObject({
  version: z.string(),
  source: z.string(),
  webSearchPicoUsdPerRequest: z.int(),
  models: z.array(model),
});

export type Rates = z.infer<typeof rates>;
export type PricePeriod = z.infer<typeof period>;
export type ModelPrices = z.infer<typeof model>;

export type PriceBook = {
  /** The book as plain data, to hand to another thread or to write down. */
  readonly data: z.infer<typeof priceBookSchema>;
  readonly version: string;
  readonly webSearchPicoUsdPerRequest: number;
  readonly models: readonly ModelPrices[];
  /** Exact id or declared alias, a trailing `[1m]` (a marker of Claude Code, not part of the id) ignored. */
  readonly find: (modelId: string) => ModelPrices | null;
};

/** @throws ZodError when the data is not a price book. */
export function createPriceBook(data: unknown): PriceBook {
  const book = priceBookSchema.parse(data);
  const byName = new Map<string, ModelPrices>();
  for (const entry of book.models) {
    for (const name of [entry.id, ...entry.aliases]) byName.set(name, entry);
  }
  return {
    data: book,
    version: book.version,
    webSearchPicoUsdPerRequest: book.webSearchPicoUsdPerRequest,
    models: book.models,
    find: (modelId) => byName.get(modelId.replace(/\[1m\]$/, '')) ?? null,
  };
}

/** The prices in force at an instant; periods are in order of time and the last one is open. */
export function periodAt(prices: ModelPrices, atMs: number): PricePeriod {
  const found = prices.periods.find((candidate) => candidate.until === null || atMs < Date.parse(candidate.until));
  if (!found) throw new RangeError(`the price book has no open period for ${prices.id}`);
  return found;
}
