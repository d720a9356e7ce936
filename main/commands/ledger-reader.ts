/** Opens the ledger of a home folder for reading, beside a running engine or with nothing running. Null when there is none yet. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { readFact } from '../ledger/facts.ts';
import { ledgerFileName, openLedgerFile } from '../ledger/ledger-file.ts';
import type { Db } from '../system/db.ts';
import { homeFolder } from '../system/home-folder.ts';
import type { Host } from './host.ts';

export type OpenLedgerFile = { readonly db: Db; readonly timeZone: string; readonly isDemo: boolean };

export function homeOf(flag: string | undefined, host: Host): string {
  return homeFolder({ flag, env: host.env, platform: host.platform, isDemo: false });
}

/** @throws AppError `ledger_unreadable`. The caller closes `db`. */
export function openForReading(home: string): OpenLedgerFile | null {
  const file = join(home, ledgerFileName);
  if (!existsSync(file)) return null;
  const db = openLedgerFile(file, 'read');
  return { db, timeZone: readFact(db, 'time_zone') ?? 'UTC', isDemo: readFact(db, 'is_demo') === 'true' };
}
