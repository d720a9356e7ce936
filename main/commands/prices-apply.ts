/**
 * `tollkeeper prices apply FILE` puts a price file in force, `prices reset` the book that ships, `prices rerate` prices past calls again. Goes through
 * the running engine, or writes the ledger itself when none runs. Past calls keep their price until they are rerated, and their old figure after it.
 */
import { rerateAnswerSchema } from '../../shared/contract/api.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { isDay } from '../../shared/period.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { checkOverride } from '../../shared/pricing/override.ts';
import { dataOf, type PriceBookData } from '../../shared/pricing/price-book.ts';
import { rerateSentence } from '../../shared/pricing/rerate-words.ts';
import { createPrices, type Prices, type RerateRange } from '../ledger/prices.ts';
import { forgetPriceBook, readBookInForce, readPriceFile, savePriceBook } from '../settings/price-book-file.ts';
import { connectEngine } from './engine-client.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { openLedgerAlone } from './ledger-alone.ts';
import { homeOf } from './ledger-reader.ts';
import { changesText } from './price-changes.ts';
import type { PricesFlags } from './prices.ts';

/** Exit 1 when the file cannot be used; `prices check` says everything that is wrong with it. */
export async function pricesApply(file: string, flags: PricesFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const text = readPriceFile(file);
  if (text === null) throw new AppError('bad_usage', `There is no file ${file}.`, 'Name a price file to put in force.');
  const check = checkOverride(text, currentBook, readBookInForce(home));
  if (check.kind === 'invalid') {
    const first = check.problems[0];
    writeLine(host.stderr, `${file} cannot be used: ${first?.where ?? ''}: ${first?.sentence ?? ''}`);
    writeLine(host.stderr, `Run \`tollkeeper prices check ${file}\` for everything that is wrong with it.`);
    return 1;
  }
  await putInForce(home, host, check.data);
  if (flags.json) writeLine(host.stdout, JSON.stringify({ priceBook: check.data.version, changes: check.changes }));
  else
    for (const line of [`Price book ${check.data.version} is in force.`, ...changesText(check.changes), hint])
      writeLine(host.stdout, line);
  return 0;
}

const hint = 'Past calls keep their price. `tollkeeper prices rerate --trial` tells what this book would make of them.';

export async function pricesReset(flags: PricesFlags, host: Host): Promise<ExitCode> {
  await putInForce(homeOf(flags.home, host), host, null);
  const sentence = `Price book ${currentBook.version}, which ships with this version, is in force.`;
  writeLine(host.stdout, flags.json ? JSON.stringify({ priceBook: currentBook.version }) : `${sentence}\n${hint}`);
  return 0;
}

/** Null: the book that ships. The ledger is asked first, since it refuses a version name that has meant other prices. */
async function putInForce(home: string, host: Host, data: PriceBookData | null): Promise<void> {
  const engine = connectEngine(home);
  if (engine) await engine.ask('POST', '/api/prices/apply', { book: data });
  else await alone(home, host, (prices) => prices.use(data ?? dataOf(currentBook)));
  if (data === null) forgetPriceBook(home);
  else savePriceBook(home, data);
}

export type RerateFlags = PricesFlags & { readonly from?: string; readonly to?: string; readonly trial?: boolean };

export async function pricesRerate(flags: RerateFlags, host: Host): Promise<ExitCode> {
  for (const day of [flags.from, flags.to]) {
    if (day !== undefined && !isDay(day))
      throw new AppError('bad_usage', `"${day}" is not a day.`, 'Write it as 2026-11-24.');
  }
  const home = homeOf(flags.home, host);
  const range: RerateRange = { from: flags.from ?? null, to: flags.to ?? null, isTrial: flags.trial === true };
  const engine = connectEngine(home);
  const answer = engine
    ? rerateAnswerSchema.parse(await engine.ask('POST', '/api/prices/rerate', range))
    : await alone(home, host, (prices) => prices.rerate(range));
  writeLine(host.stdout, flags.json ? JSON.stringify(answer) : rerateSentence(answer));
  return 0;
}

async function alone<T>(home: string, host: Host, run: (prices: Prices) => Promise<T>): Promise<T> {
  const { ledger, book } = await openLedgerAlone(home, host, 'prices');
  try {
    return await run(createPrices({ ledger, book, clock: host.clock, onChanges: () => {} }));
  } finally {
    await ledger.close();
  }
}
