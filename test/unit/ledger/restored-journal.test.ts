/** The journal beside a ledger that is opened from a backup, or begun anew: what it tells of may have been billed by the ledger that is lost. */
import { copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { dailyBackupFile, makeBackupFolder } from '../../../main/ledger/backups.ts';
import { ledgerFileName } from '../../../main/ledger/ledger-file.ts';
import type { Ledger } from '../../../main/ledger/open.ts';
import { systemClock } from '../../../main/system/clock.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { makeLedgerFolder, type LedgerFolder } from '../../kit/ledger-folder.ts';

const startMs = Date.parse('2026-11-26T10:00:00Z');
const clock = { ...systemClock, nowMs: () => startMs + 3_600_000 };
let lost: LedgerFolder;
let again: LedgerFolder;

async function settle({ writer }: Ledger, id: string): Promise<void> {
  const call = begunCall(id, { startedAtMs: startMs, customer: 'cus_a' });
  await writer.begin(call);
  await new Promise<void>((done) => void writer.settle(call, settledCall(call), () => done()));
}

/** A home as a kill leaves it, with its journal; its one call is sealed, and sent. */
beforeEach(async () => {
  lost = makeLedgerFolder();
  const ledger = await lost.open(clock);
  await settle(ledger, 'call_1');
  expect(await ledger.write('sealClosedMinutes', { nowMs: clock.nowMs(), onTheirWay: [] })).toBe(1);
  const home = mkdtempSync(join(tmpdir(), 'tollkeeper-again-'));
  cpSync(join(lost.home, 'journal'), join(home, 'journal'), { recursive: true });
  writeFileSync(join(home, ledgerFileName), 'no database');
  again = makeLedgerFolder(home);
  await ledger.close();
});
afterEach(() => {
  lost.remove();
  again.remove();
});

async function eventsAfterStart(): Promise<unknown[]> {
  const ledger = await again.open(clock);
  await ledger.write('sealClosedMinutes', { nowMs: clock.nowMs(), onTheirWay: [] });
  const events = again.look((db) => db.prepare('SELECT state, next_attempt_at_ms AS next FROM meter_events').all());
  await ledger.close();
  return events;
}
const held = { state: 'unknown', next: null };

it('is billed by an empty ledger only once the summary of its minute has been read', async () => {
  expect(await eventsAfterStart()).toEqual([held]);
});

it('is billed by a backup that lacks it in the same way', async () => {
  const empty = makeLedgerFolder();
  await (await empty.open(clock)).close();
  makeBackupFolder(again.file);
  copyFileSync(empty.file, dailyBackupFile(again.file, startMs - 3_600_000));
  empty.remove();
  expect(await eventsAfterStart()).toEqual([held]);
});

it('is billed at once beside a ledger that was only killed', async () => {
  rmSync(again.file);
  copyFileSync(lost.file, again.file);
  expect(await eventsAfterStart()).toMatchObject([{ state: 'sealed' }]);
});
