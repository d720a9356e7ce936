/** The ledger's own id: made once, kept by whatever copies the file, another one for a ledger that begins anew. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { dailyBackupFile, makeBackupFolder } from '../../../main/ledger/backups.ts';
import { openLedgerFile } from '../../../main/ledger/ledger-file.ts';
import { ledgerIdOf } from '../../../main/ledger/ledger-id.ts';
import { rescueLedger } from '../../../main/ledger/rescue.ts';

let home: string;
let file: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-id-'));
  file = join(home, 'ledger.sqlite');
});
afterEach(() => rmSync(home, { recursive: true }));

function idNow(access: 'write' | 'read' = 'write'): string {
  const db = openLedgerFile(file, access);
  try {
    return ledgerIdOf(db);
  } finally {
    db.close();
  }
}
const nowMs = Date.parse('2026-11-26T12:00:00Z');

it('is made when the file is first opened for writing, and stays', () => {
  const id = idNow();
  expect(id).toMatch(/^[\w-]{43}$/);
  expect(idNow()).toBe(id);
  expect(idNow('read')).toBe(id);
});

it('is given to a ledger of an earlier version by the first start of this one', () => {
  const db = openLedgerFile(file, 'write');
  db.exec(`DELETE FROM ledger_facts WHERE name = 'ledger_id'`);
  expect(() => ledgerIdOf(db)).toThrow('has an id');
  db.close();
  expect(idNow()).toBe(idNow());
});

it('comes back with a backup, since what it sealed is sent again under the same identifiers', () => {
  const id = idNow();
  makeBackupFolder(file);
  copyFileSync(file, dailyBackupFile(file, nowMs - 3_600_000));
  writeFileSync(file, 'no database');
  rescueLedger(file, { wasKilled: true, nowMs });
  expect(idNow()).toBe(id);
});

it('is another one where a ledger begins anew', () => {
  const id = idNow();
  writeFileSync(file, 'no database');
  rescueLedger(file, { wasKilled: true, nowMs });
  expect(idNow()).not.toBe(id);
});
