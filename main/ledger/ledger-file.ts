/**
 * Opens the ledger's file. For writing it creates and migrates it, and gives it its id; for reading it must exist and be of this version's schema.
 * Used by the worker threads of the engine, and directly by CLI commands.
 */
import { AppError } from '../../shared/contract/errors.ts';
import { isDamage, openDatabase, type Db } from '../system/db.ts';
import { systemIds } from '../system/ids.ts';
import { ensureLedgerId } from './ledger-id.ts';
import { migrate, schemaVersion } from './migrate.ts';

export const ledgerFileName = 'ledger.sqlite';

/** @throws AppError `ledger_unreadable` with what to do, when the file is damaged, of another schema, or not a ledger. */
export function openLedgerFile(file: string, access: 'write' | 'read', newId = systemIds.secret): Db {
  try {
    const db = openDatabase(file, access);
    if (access === 'write') {
      migrate(db);
      ensureLedgerId(db, newId);
    } else refuseOtherSchema(db);
    return db;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      'ledger_unreadable',
      `The ledger ${file} cannot be opened: ${error instanceof Error ? error.message : String(error)}.`,
      isDamage(error)
        ? 'Start Tollkeeper: it keeps the damaged file and opens the last good backup.'
        : 'Check that the folder can be written and the file is a Tollkeeper ledger, or name another --home.',
      error,
    );
  }
}

function refuseOtherSchema(db: Db): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version === schemaVersion) return;
  throw new AppError(
    'ledger_unreadable',
    `The ledger has schema ${version}, this version reads ${schemaVersion}.`,
    version < schemaVersion ? 'Run `tollkeeper serve` once to bring it up to date.' : 'Update Tollkeeper.',
  );
}
