/** A home folder with a ledger in it, opened as an engine does, for tests of what becomes of the file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { planSchema } from '../../shared/contract/plan.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { dataOf } from '../../shared/pricing/price-book.ts';
import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { openLedger, type Ledger } from '../../main/ledger/open.ts';
import { systemClock, type Clock } from '../../main/system/clock.ts';
import type { Db } from '../../main/system/db.ts';
import { begunCall, settledCall } from './call-rows.ts';

export type LedgerFolder = {
  readonly home: string;
  readonly file: string;
  /** What the ledger told of itself, in order. */
  readonly notices: readonly string[];
  readonly open: (clock?: Clock) => Promise<Ledger>;
  readonly look: <T>(use: (db: Db) => T) => T;
  readonly remove: () => void;
};

export function makeLedgerFolder(home = mkdtempSync(join(tmpdir(), 'tollkeeper-home-'))): LedgerFolder {
  const file = join(home, ledgerFileName);
  const notices: string[] = [];
  return {
    home,
    file,
    notices,
    open: (clock = systemClock) =>
      openLedger({
        file,
        rules: { timeZone: 'UTC', plan: planSchema.parse({ kind: 'cost' }), book: dataOf(currentBook) },
        isDemo: false,
        clock,
        onNotice: (sentence) => notices.push(sentence),
        onFatal: (error) => {
          throw error;
        },
      }),
    look: (use) => {
      const db = openLedgerFile(file, 'read');
      try {
        return use(db);
      } finally {
        db.close();
      }
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** Begins and settles calls with these ids; resolves when they are committed. */
export async function settleCalls({ writer }: Ledger, ids: readonly string[]): Promise<void> {
  const calls = ids.map((id) => begunCall(id));
  await Promise.all(calls.map((call) => writer.begin(call)));
  await Promise.all(
    calls.map((call) => new Promise<void>((done) => void writer.settle(call, settledCall(call), () => done()))),
  );
}
