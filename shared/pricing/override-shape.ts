/**
 * The form of a price file, and one problem for every way in which a file has another form: unknown and missing keys, texts for numbers,
 * decimals, negative numbers, days that do not exist. Says nothing about what the prices mean together; that is override-rules.ts.
 */
import type { z } from 'zod';

import { longPromptSchema, modelSchema, periodSchema, priceBookSchema, ratesSchema } from './price-book-schema.ts';
import { hintFor, placeOf, quoted, rateNames, type OverrideProblem, type Path } from './override-words.ts';

/** The book's own format. With `extends` only what differs from the shipped book is named; without it the file is a whole book. */
export const overrideSchema = priceBookSchema.extend({
  extends: priceBookSchema.shape.version.optional(),
  asOf: priceBookSchema.shape.asOf.optional(),
  webSearchPicoUsdPerRequest: priceBookSchema.shape.webSearchPicoUsdPerRequest.optional(),
});
export type OverrideFile = z.infer<typeof overrideSchema>;

export function shapeProblems(issues: readonly z.core.$ZodIssue[], data: unknown): OverrideProblem[] {
  return issues.flatMap((issue) => problemsOf(issue, data));
}

function problemsOf(issue: z.core.$ZodIssue, data: unknown): OverrideProblem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key]));
  const value = valueAt(data, path);
  const where = placeOf(path);
  if (value === undefined) return [missingKey(path)];
  if (issue.code === 'invalid_type') return [{ where, ...wrongType(issue.expected, value, path) }];
  return [{ where, sentence: sentenceFor(issue, value), remedy: hintFor(path) }];
}

/** A key in another spelling (cache_read, CacheRead) is named; for any other the keys of the place are listed. */
function unknownKey(path: Path): OverrideProblem {
  const key = String(path.at(-1));
  const known = keysAt(path.slice(0, -1));
  const plain = (text: string) => text.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase();
  const meant = known.find((name) => plain(name) === plain(key));
  return {
    where: placeOf(path),
    sentence: `The key ${quoted(key)} is not known here.`,
    remedy: meant ? `Write ${quoted(meant)}.` : `Remove it; the keys here are ${known.join(', ')}.`,
  };
}

function keysAt(path: Path): string[] {
  const place = path.filter((part) => typeof part === 'string').join('.');
  if (place === '') return Object.keys(overrideSchema.shape);
  if (place === 'models') return Object.keys(modelSchema.shape);
  if (place === 'models.periods') return Object.keys(periodSchema.shape);
  return Object.keys((place.endsWith('longPrompt') ? longPromptSchema : ratesSchema).shape);
}

export function missingKey(path: Path): OverrideProblem {
  return { where: placeOf(path), sentence: `The key ${quoted(path.at(-1))} is missing.`, remedy: hintFor(path) };
}

function wrongType(expected: string, value: unknown, path: Path): { sentence: string; remedy: string } {
  const hint = hintFor(path);
  if (expected === 'int' && typeof value === 'number') return decimals(value, path);
  const isNumberAsked = expected === 'int' || expected === 'number';
  if (isNumberAsked && typeof value === 'string' && /^\d+$/.test(value)) {
    return { sentence: `${quoted(value)} is a text, not a number.`, remedy: `Remove the quotation marks. ${hint}` };
  }
  const asked = isNumberAsked ? 'a whole number' : (names[expected] ?? expected);
  return { sentence: `${quoted(value)} stands where ${asked} is asked for.`, remedy: hint };
}

const names: Readonly<Record<string, string>> = { string: 'a text', array: 'a list', object: 'an object' };

/** Most often dollars per million tokens, so the figure that was meant is said. */
function decimals(value: number, path: Path): { sentence: string; remedy: string } {
  const sentence = `${value} is not a whole number.`;
  const pico = Math.round(value * 1e6);
  const isDollars = rateNames.has(path.at(-1) ?? '') && value > 0 && Number.isSafeInteger(pico);
  const hint = hintFor(path);
  return {
    sentence,
    remedy: isDollars ? `${hint} If ${value} is meant as dollars per million tokens, write ${pico}.` : hint,
  };
}

function sentenceFor(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'too_small':
      if (typeof value === 'number') return value < 0 ? `${value} is negative.` : `${value} is too small.`;
      return typeof value === 'string' ? 'The text is empty.' : 'The list is empty.';
    case 'too_big':
      return typeof value === 'number'
        ? `${value} is too large.`
        : `The text is longer than ${String(issue.maximum)} characters.`;
    case 'invalid_value':
      return `${quoted(value)} is not known.`;
    case 'invalid_format':
      return formatSentence(issue.format, value);
    default:
      return `${quoted(value)} cannot be used.`;
  }
}

function formatSentence(format: string, value: unknown): string {
  if (format === 'date') return `${quoted(value)} is not a day.`;
  if (format === 'datetime') return `${quoted(value)} is not an instant in UTC.`;
  return /[\p{Cc}\p{Bidi_Control}]/u.test(String(value))
    ? `${quoted(value)} holds characters that cannot be printed.`
    : `${quoted(value)} is not a usable name.`;
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>((inside, key) => {
    const isThere = typeof inside === 'object' && inside !== null && Object.hasOwn(inside, key);
    return isThere ? (inside as Record<PropertyKey, unknown>)[key] : undefined;
  }, data);
}
