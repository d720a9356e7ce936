/**
 * The resources of the price book: what is in force and what was spent by it, whether a file can be used, which calls another book priced.
 * Amounts are integers in nano-USD; unit prices stand in the book's own unit (price-book.ts).
 */
import { z } from 'zod';

import { priceBookSchema } from '../pricing/price-book-schema.ts';

const count = z.int().min(0);
const nanoUsd = z.int();
const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

export const pricesViewSchema = z.object({
  /** The engine's time: dated prices are those of this instant. */
  atMs: z.int(),
  book: priceBookSchema,
  /** Null: the book ships with this version; else the file of the home folder that holds it. */
  file: z.string().nullable(),
  shippedVersion: z.string(),
  /** The running month, by the model that the answers named. `bookId` is the id in the book; null where the book does not know it. */
  month,
  used: z.array(
    z.object({
      model: z.string().nullable(),
      bookId: z.string().nullable(),
      costNanoUsd: nanoUsd,
      calls: count,
      unpricedCalls: count,
    }),
  ),
});
export type PricesView = z.infer<typeof pricesViewSchema>;

/** Which books priced the calls of a month, and how many were corrected. `isWhole` is false where only the newest calls were looked at. */
export const pricedByViewSchema = z.object({
  month,
  calls: count,
  isWhole: z.boolean(),
  books: z.array(z.object({ priceBook: z.string(), calls: count, costNanoUsd: nanoUsd })),
  correctedCalls: count,
});
export type PricedByView = z.infer<typeof pricedByViewSchema>;

const priceChangeSchema = z.object({
  model: z.string().nullable(),
  class: z.string(),
  from: z.string().nullable(),
  until: z.string().nullable(),
  before: z.number().nullable(),
  after: z.number().nullable(),
});
const fact = z.union([z.string(), z.number(), z.null(), z.array(z.string())]);
const factChangeSchema = z.object({ model: z.string().nullable(), fact: z.string(), before: fact, after: fact });

/** Whether a price file can be used, and what it would change against the book in force. */
export const priceCheckSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('valid'),
    version: z.string(),
    changes: z.object({
      modelsAdded: z.array(z.string()),
      modelsRemoved: z.array(z.string()),
      prices: z.array(priceChangeSchema),
      facts: z.array(factChangeSchema),
    }),
  }),
  z.object({
    kind: z.literal('invalid'),
    problems: z.array(z.object({ where: z.string(), sentence: z.string(), remedy: z.string() })),
  }),
]);
export type PriceCheck = z.infer<typeof priceCheckSchema>;

export const bookInForceSchema = z.object({ priceBook: z.string() });
