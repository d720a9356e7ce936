/**
 * The price book in force: `price-book.json` of the home folder when it is there, else the one that ships with this version.
 * A damaged file is an error and never quietly the shipped book: prices must not change because a file broke.
 */
import { closeSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { AppError } from '../../shared/contract/errors.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { checkOverride, overrideBytesMax, type OverrideProblem } from '../../shared/pricing/override.ts';
import { createPriceBook, type PriceBook, type PriceBookData } from '../../shared/pricing/price-book.ts';
import { errorText } from '../system/error-text.ts';

export function priceBookFile(home: string): string {
  return join(home, 'price-book.json');
}

/** @throws AppError `bad_settings` that names the file and its first problem. */
export function readBookInForce(home: string): PriceBook {
  const file = priceBookFile(home);
  const text = readPriceFile(file);
  if (text === null) return currentBook;
  const check = checkOverride(text, currentBook);
  if (check.kind === 'valid') return createPriceBook(check.data);
  throw new AppError(
    'bad_settings',
    `${file} is not a usable price book: ${inOneLine(check.problems)}`,
    `Run \`tollkeeper prices check ${file}\` for everything that is wrong with it, or remove it to go back to the prices of this version.`,
  );
}

/** Written whole: a crash in between leaves the file as it was. The book stands in it with everything it inherits, so it outlives an update. */
export function savePriceBook(home: string, data: PriceBookData): void {
  const file = priceBookFile(home);
  writeFileSync(`${file}.new`, `${JSON.stringify(data, null, 1)}\n`);
  renameSync(`${file}.new`, file);
}

/** Back to the book that ships. */
export function forgetPriceBook(home: string): void {
  rmSync(priceBookFile(home), { force: true });
}

function inOneLine(problems: readonly OverrideProblem[]): string {
  const first = problems[0];
  const rest = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return first === undefined ? '' : `${first.where}: ${first.sentence}${rest}`;
}

/**
 * Reads a little more than a price file may have and no further, so that a file of any size (or a pipe) is refused by its size.
 * Null when there is no such file. @throws AppError `bad_settings` when it cannot be read.
 */
export function readPriceFile(file: string): string | null {
  try {
    return readStart(file, overrideBytesMax + 1);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new AppError(
      'bad_settings',
      `${file} cannot be read (${errorText(error)}).`,
      'Make it a file that this user may read.',
      error,
    );
  }
}

function readStart(file: string, bytesMax: number): string {
  const buffer = Buffer.alloc(bytesMax);
  const handle = openSync(file, 'r');
  try {
    let bytes = 0;
    for (;;) {
      const count = readSync(handle, buffer, bytes, bytesMax - bytes, null);
      bytes += count;
      if (count === 0 || bytes === bytesMax) return buffer.toString('utf8', 0, bytes);
    }
  } finally {
    closeSync(handle);
  }
}
