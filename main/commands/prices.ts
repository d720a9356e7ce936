/**
 * `tollkeeper prices`: the price book in force, and what is billed beside it; `prices check FILE`: whether a price file can be used and
 * what it would change. Both only read, and work beside a running engine.
 */
import { AppError, isAppError } from '../../shared/contract/errors.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { notMetered } from '../../shared/pricing/not-metered.ts';
import { checkOverride, type OverrideCheck } from '../../shared/pricing/override.ts';
import { dataOf, type PriceBook } from '../../shared/pricing/price-book.ts';
import { usdPerThousand } from '../../shared/pricing/price-words.ts';
import { priceBookFile, readBookInForce, readPriceFile } from '../settings/price-book-file.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { homeOf } from './ledger-reader.ts';
import { changesText } from './price-changes.ts';
import { priceTable } from './price-table.ts';

export type PricesFlags = { readonly home?: string; readonly json?: boolean };

/** With --json the book in its file's format, to be edited and checked. @throws AppError `bad_settings` when the home's file is damaged. */
export async function prices(flags: PricesFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const book = readBookInForce(home);
  if (flags.json) writeLine(host.stdout, JSON.stringify(dataOf(book), null, 1));
  else for (const line of bookText(book, home)) writeLine(host.stdout, line);
  return 0;
}

function bookText(book: PriceBook, home: string): string[] {
  const from = book === currentBook ? 'ships with this version' : priceBookFile(home);
  return [
    `Price book ${book.version}, as of ${book.asOf} (${from})`,
    `Source: ${book.source}`,
    'USD per million tokens; – where no price is published. Sources and notes of each model: --json',
    '',
    ...priceTable(book.models),
    '',
    `Web search: $${usdPerThousand(book.webSearchPicoUsdPerRequest)} per 1,000 requests, whatever the model.`,
    '',
    'Billed by Anthropic and in no figure here, because no proxy can know it:',
    ...notMetered.map(({ sentence }) => `- ${sentence}`),
  ];
}

/** Exit 1 when the file cannot be used. @throws AppError `bad_usage` when there is no such file. */
export async function pricesCheck(file: string, flags: PricesFlags, host: Host): Promise<ExitCode> {
  const text = readPriceFile(file);
  if (text === null) throw new AppError('bad_usage', `There is no file ${file}.`, 'Name a price file to check.');
  const inForce = bookToCompare(homeOf(flags.home, host), host);
  const check = checkOverride(text, currentBook, inForce);
  if (flags.json) writeLine(host.stdout, JSON.stringify(asJson(check)));
  else for (const line of checkText(check, file, inForce)) writeLine(host.stdout, line);
  return check.kind === 'valid' ? 0 : 1;
}

/** The file that is checked may be the damaged one itself, or the one that shall replace it. */
function bookToCompare(home: string, host: Host): PriceBook {
  try {
    return readBookInForce(home);
  } catch (error) {
    if (!isAppError(error)) throw error;
    writeLine(host.stderr, `${error.message} Compared with the prices of this version instead.`);
    return currentBook;
  }
}

function asJson(check: OverrideCheck) {
  if (check.kind === 'invalid') return check;
  return { kind: check.kind, version: check.data.version, changes: check.changes };
}

function checkText(check: OverrideCheck, file: string, inForce: PriceBook): string[] {
  if (check.kind === 'invalid') {
    const count = check.problems.length === 1 ? 'one problem' : `${check.problems.length} problems`;
    return [
      ...check.problems.map(({ where, sentence, remedy }) => `${where}: ${sentence} ${remedy}`),
      `${file} cannot be used: ${count}.`,
    ];
  }
  const head = `${file} is a valid price book, ${check.data.version}; compared with ${inForce.version}, which is in force:`;
  return [head, ...changesText(check.changes)];
}
