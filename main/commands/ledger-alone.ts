/**
 * Opens a home folder's ledger for writing by a command, where no engine runs on it. A home that does not exist yet is made: the first import may come
 * before the first `serve`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Settings } from '../../shared/contract/settings.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { dataOf, type PriceBook } from '../../shared/pricing/price-book.ts';
import { ledgerFileName } from '../ledger/ledger-file.ts';
import type { HoldOptions } from '../ledger/hold-ledger.ts';
import { openLedgerHere, type LedgerHere } from '../ledger/open-here.ts';
import { openLedger, type Ledger, type LedgerRules } from '../ledger/open.ts';
import { settingsOf } from '../settings/environment.ts';
import { openSettings } from '../settings/store.ts';
import { readBookInForce } from '../settings/price-book-file.ts';
import { resolveTimeZone } from '../settings/time-zone.ts';
import { writeLine, type Host } from './host.ts';
import { openForReading } from './ledger-reader.ts';

export type LedgerAlone<Opened> = {
  readonly ledger: Opened;
  readonly settings: Settings;
  readonly timeZone: string;
  readonly book: PriceBook;
};

/** Holds the home folder until the ledger is closed; `purpose` is the command, for whoever finds it taken. */
type Whereabouts = HoldOptions & { readonly rules: LedgerRules };

/**
 * With its threads, as an engine has it.
 * @throws AppError: a demo's ledger, settings or a ledger that cannot be read, another Tollkeeper that writes this home folder.
 */
export function openLedgerAlone(home: string, host: Host, purpose: string): Promise<LedgerAlone<Ledger>> {
  const onFatal = (error: Error) => {
    throw error;
  };
  return prepare(home, host, purpose, (where) => openLedger({ ...where, isDemo: false, onFatal }));
}

/** In this thread: for a command that only writes. @throws the same. */
export function openLedgerHereAlone(home: string, host: Host, purpose: string): Promise<LedgerAlone<LedgerHere>> {
  return prepare(home, host, purpose, openLedgerHere);
}

type Open<Opened> = (where: Whereabouts) => Opened | Promise<Opened>;

/** A demo's ledger is refused: its Stripe and its calls end with it. */
async function prepare<Opened>(
  home: string,
  host: Host,
  purpose: string,
  open: Open<Opened>,
): Promise<LedgerAlone<Opened>> {
  refuseDemo(home);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const { settings } = openSettings(home, settingsOf(host.env));
  const timeZone = resolveTimeZone(settings.timeZone);
  const book = readBookInForce(home);
  const rules = { timeZone, plan: settings.plan, book: dataOf(book) };
  const onNotice = (sentence: string) => writeLine(host.stderr, sentence);
  const ledger = await open({ file: join(home, ledgerFileName), rules, clock: host.clock, purpose, onNotice });
  return { ledger, settings, timeZone, book };
}

function refuseDemo(home: string): void {
  const reading = openForReading(home);
  reading?.db.close();
  if (reading?.isDemo !== true) return;
  throw new AppError(
    'home_mismatch',
    'This is demo data; its Stripe ends with the demo, and nothing real is mixed with it.',
    'Start `serve --demo` again, or name another folder with --home.',
  );
}
