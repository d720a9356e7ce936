/**
 * Opens the ledger in this thread, for a command that has nothing to do but write it: no thread to start, and nothing is copied between threads.
 * Spoken to by the same names as the ledger of an engine. Every write blocks this thread, so this is nothing for a proxy.
 *
 * Promises: what was written is on the disk once `close` has returned. Until then a loss of power may take the last transactions, whole and
 * in their order from the end, so a transcript is never noted as read without its calls; the command had not answered yet, and is run again.
 */
import { createDayOf } from '../../shared/period.ts';
import type { Db } from '../system/db.ts';
import { createBookInForce } from './book-in-force.ts';
import { gatherWrites } from './gathered-writes.ts';
import { holdLedger, type HoldOptions } from './hold-ledger.ts';
import { openLedgerFile } from './ledger-file.ts';
import { journalFolderOf, type Ledger, type LedgerRules } from './open.ts';
import { createReaderFunctions } from './reader-functions.ts';
import { createPlansInForce } from './plans-in-force.ts';
import { createRecorder } from './record.ts';
import { createWriterFunctions } from './writer-functions.ts';

/**
 * Pages of the log before they are copied into the file: 64 MiB of 4 KiB pages. A bulk write changes the same pages of the indexes in every
 * transaction, and the usual 1,000 would copy them after each.
 */
const checkpointPages = 16_384;
/** The pages that one transaction changes stay in memory until it commits. */
const cacheKibibytes = 65_536;

export type LedgerHere = Pick<Ledger, 'read' | 'write'> & { readonly close: () => void };

export type LedgerHereOptions = HoldOptions & { readonly rules: LedgerRules };

/** Holds the home folder until `close`. @throws AppError `home_in_use`, `ledger_unreadable`, or `home_mismatch` when the ledger holds demo data. */
export function openLedgerHere(options: LedgerHereOptions): LedgerHere {
  const lock = holdLedger(options);
  try {
    const { write, read, close } = openHeldHere(options);
    return { write, read, close: () => closeWith(close, lock.release) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function openHeldHere({ file, rules, clock }: LedgerHereOptions): LedgerHere {
  const db = openLedgerFile(file, 'write');
  try {
    db.pragma(`wal_autocheckpoint = ${checkpointPages}`);
    db.pragma(`cache_size = -${cacheKibibytes}`);
    const prices = createBookInForce(db, rules.book);
    const plans = createPlansInForce(db, rules.plan);
    const recorder = createRecorder(db, { dayOf: createDayOf(rules.timeZone), plans, book: prices.book });
    const writes = createWriterFunctions(db, { recorder, prices, plans, plan: rules.plan });
    const journalFolder = journalFolderOf(file);
    writes.prepare({ isDemo: false, timeZone: rules.timeZone, nowMs: clock.nowMs(), journalFolder });
    // Not before what a crash left in the journal is on the disk: the journal is forgotten then.
    db.pragma('synchronous = NORMAL');
    const gathered = gatherWrites(db, recorder, writes);
    const close = () => closeWith(() => closeOnDisk(db, gathered.commit), db.close.bind(db));
    return { write: callHere(gathered.writes), read: callHere(createReaderFunctions(db)), close };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A checkpoint brings the log to the disk before it copies from it, whoever else has the file open. */
function closeOnDisk(db: Db, commit: () => void): void {
  commit();
  db.pragma('wal_checkpoint(PASSIVE)');
}

/** The last write may be refused (a full disk), and is told; what is held is let go all the same. */
function closeWith(first: () => void, then: () => void): void {
  try {
    first();
  } finally {
    then();
  }
}

type Functions = Readonly<Record<string, (argument: never) => unknown>>;
type CallHere<Table extends Functions> = <Name extends keyof Table & string>(
  name: Name,
  argument: Parameters<Table[Name]>[0],
) => Promise<Awaited<ReturnType<Table[Name]>>>;

/** A failure rejects, as it does from a thread. */
function callHere<Table extends Functions>(table: Table): CallHere<Table> {
  return async (name, argument) => (await table[name]?.(argument as never)) as never;
}
