/**
 * The form of a price book, as zod schemas: for what comes from a file or over the wire. The book that ships and the data between threads have been held
 * against it and are not again.
 * Unit prices are integers of pico-USD per token (10^-12 USD): $2 per million tokens is 2,000,000.
 */
import { z } from 'zod';

/** A text that is printed as it stands: no characters that a terminal would obey, none that turn the direction of reading. */
const text = z
  .string()
  .min(1)
  .max(2_000)
  .regex(/^[^\p{Cc}\p{Bidi_Control}]*$/u);
const tokens = z.int().min(1);

/** Null means that no price is published; a call that uses such a class is unpriced, never $0. */
const price = z.int().min(0).nullable();
export const ratesSchema = z.strictObject({
  input: price,
  cacheWrite5m: price,
  cacheWrite1h: price,
  cacheRead: price,
  output: price,
});

export const longPromptSchema = z.strictObject({
  moreThanTokens: tokens,
  standard: ratesSchema,
  batch: ratesSchema.nullable(),
});

export const periodSchema = z.strictObject({
  /** RFC 3339 instant at which these prices end, exclusive; null while they are in force. */
  until: z.iso.datetime().nullable(),
  standard: ratesSchema,
  batch: ratesSchema.nullable(),
  fast: ratesSchema.nullable(),
  longPrompt: longPromptSchema.nullable(),
});

export const modelSchema = z.strictObject({
  id: text,
  aliases: z.array(text),
  status: z.enum(['active', 'deprecated', 'retired']),
  /** The day it goes or went; null while none is announced. */
  retiresOn: z.iso.date().nullable(),
  /** The day up to which it is promised to stay, where one is. */
  retiresNotBefore: z.iso.date().nullable(),
  contextWindowTokens: tokens.nullable(),
  maxOutputTokens: tokens.nullable(),
  /** Tenths: 11 means ×1.1 when `usage.inference_geo` is "us"; null where residency does not change the price. */
  usGeoTenths: z.int().min(1).max(50).nullable(),
  confidence: text,
  /** Where the prices were read, and the day they were last compared with it. */
  sources: z.array(text),
  checkedOn: z.iso.date(),
  note: text.nullable(),
  periods: z.array(periodSchema).min(1),
});

/** Stored with every call and corrected call, so it stays short and plain. */
const version = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/);

export const priceBookSchema = z.strictObject({
  version,
  /** The day for which the list was made. */
  asOf: z.iso.date(),
  source: text,
  webSearchPicoUsdPerRequest: z.int().min(0),
  models: z.array(modelSchema),
});
