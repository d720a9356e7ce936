/** The ledger's writer over a real file: durable begins, one transaction a settle, and what happens while the disk refuses. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { currentBook } from '../../../shared/pricing/current-book.ts';
import { dataOf } from '../../../shared/pricing/price-book.ts';
import { planSchema } from '../../../shared/contract/settings.ts';
import { forgetLastDemo } from '../../../main/ledger/forget-demo.ts';
import { readInFlight } from '../../../main/ledger/recover.ts';
import { ledgerFileName, openLedgerFile } from '../../../main/ledger/ledger-file.ts';
import { openLedger, type Ledger } from '../../../main/ledger/open.ts';
import { noteFilesOf, readSettleNotes } from '../../../main/ledger/settle-notes.ts';
import { verifyLedger } from '../../../main/ledger/verify.ts';
import { systemClock } from '../../../main/system/clock.ts';
import { openDatabase } from '../../../main/system/db.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';

let home: string;
let file: string;
let ledger: Ledger;

const open = (timeZone = 'UTC', isDemo = false) =>
  openLedger({
    file,
    rules: { timeZone, plan: planSchema.parse({ kind: 'cost', markupPercent: 20 }), book: dataOf(currentBook) },
    isDemo,
    clock: systemClock,
    onFatal: (error) => {
      throw error;
    },
  });

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-ledger-'));
  file = join(home, ledgerFileName);
  ledger = await open();
});

afterEach(async () => {
  await ledger.close();
  rmSync(home, { recursive: true });
});

function look<T>(use: (db: ReturnType<typeof openLedgerFile>) => T): T {
  const db = openLedgerFile(file, 'read');
  try {
    return use(db);
  } finally {
    db.close();
  }
}

const settleAndWait = (begun: ReturnType<typeof begunCall>) =>
  new Promise<void>((resolve) => void ledger.writer.settle(begun, settledCall(begun), () => resolve()));

describe('the writer', () => {
  it('answers a begin when it is on the disk', async () => {
    expect(await ledger.writer.begin(begunCall('call_1'))).toEqual({ durable: true });
    expect(look(readInFlight).map(({ id }) => id)).toEqual(['call_1']);
  });

  it('settles a call, its lines, its rollup and its share as one', async () => {
    const begun = begunCall('call_1');
    await ledger.writer.begin(begun);
    await settleAndWait(begun);

    expect(look(readInFlight)).toEqual([]);
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
    const share = look((db) => db.prepare('SELECT customer, billable_nano_usd, minute_ms FROM outbox_shares').get());
    expect(share).toEqual({
      customer: 'cus_a',
      billable_nano_usd: 2_100_000 * 1.2,
      minute_ms: Date.parse('2026-11-24T10:00:00Z'),
    });
  });

  it('settles once, however often it is told', async () => {
    const begun = begunCall('call_1');
    await settleAndWait(begun);
    await settleAndWait(begun);
    await ledger.writer.begin(begun);
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
    expect(look(readInFlight)).toEqual([]);
  });

  it('keeps hundreds that come at once, in one piece each', async () => {
    const calls = Array.from({ length: 500 }, (_, index) => begunCall(`call_${index}`, { member: `m${index % 7}` }));
    await Promise.all(calls.map((call) => ledger.writer.begin(call)));
    await Promise.all(calls.map(settleAndWait));
    expect(look(verifyLedger)).toEqual({ calls: 500, findings: [] });
  });

  it('lets calls through while the disk refuses, says so, and writes the rows when it can', async () => {
    const other = openDatabase(file, 'write');
    other.exec('BEGIN IMMEDIATE');
    const begun = begunCall('call_1');

    expect(await ledger.writer.begin(begun)).toEqual({ durable: false });
    expect(ledger.writer.trouble()).toMatchObject({ reason: 'database is locked', waiting: 1 });
    const written = settleAndWait(begun);
    expect(await ledger.writer.begin(begunCall('call_2'))).toEqual({ durable: false });

    other.exec('ROLLBACK');
    other.close();
    await written;
    expect(ledger.writer.trouble()).toBeNull();
    await ledger.writer.flush();
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
    expect(look(readInFlight).map(({ id }) => id)).toEqual(['call_2']);
  });
});

describe('a note of a settle', () => {
  it('is written before the settle is committed, and makes the row when the process ends in between', async () => {
    const other = openDatabase(file, 'write');
    other.exec('BEGIN IMMEDIATE');
    const begun = begunCall('call_1');
    await ledger.writer.begin(begun);
    let isCommitted = false;
    await ledger.writer.settle(begun, settledCall(begun), () => {
      isCommitted = true;
    });
    expect(isCommitted).toBe(false);
    expect(readSettleNotes(file)).toEqual([{ begun, settled: settledCall(begun) }]);

    // What a kill leaves behind: the ledger's files and the notes, copied while the row waits for the disk.
    const killed = mkdtempSync(join(tmpdir(), 'tollkeeper-killed-'));
    for (const path of [file, `${file}-wal`, ...noteFilesOf(file)]) copyFileSync(path, join(killed, basename(path)));
    other.exec('ROLLBACK');
    other.close();
    const [home1, file1] = [home, file];
    await ledger.close();
    expect(readSettleNotes(file1)).toEqual([]);
    [home, file] = [killed, join(killed, ledgerFileName)];
    ledger = await open();
    expect(await ledger.read('call', 'call_1')).toMatchObject({ status: 'complete', costNanoUsd: 2_100_000 });
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
    rmSync(home1, { recursive: true });
  });

  it('takes turns with the others in two files that stay small, however many pass', async () => {
    for (let round = 0; round < 4; round++) {
      const calls = Array.from({ length: 600 }, (_, index) => begunCall(`call_${round}_${index}`));
      await Promise.all(calls.map(settleAndWait));
    }
    const bytes = noteFilesOf(file).map((name) => statSync(name).size);
    expect(Math.max(...bytes)).toBeGreaterThan(500 * 1_000);
    expect(Math.max(...bytes)).toBeLessThan(3 * 1024 * 1024);
    // A note that was cut in two by a newer one is passed over; the whole ones change nothing.
    const notes = readSettleNotes(file);
    expect(notes.length).toBeGreaterThan(500);
    expect(look(verifyLedger)).toEqual({ calls: 2_400, findings: [] });
  });

  it('stops nothing when it cannot be written', async () => {
    await ledger.close();
    for (const name of noteFilesOf(file)) symlinkSync('/dev/full', name);
    ledger = await open();
    const begun = begunCall('call_1');
    await Promise.all([ledger.writer.settle(begun, settledCall(begun), () => {}), settleAndWait(begunCall('call_2'))]);
    await ledger.writer.flush();
    expect(look(verifyLedger)).toEqual({ calls: 2, findings: [] });
  });
});

describe('a long look at the ledger', () => {
  it('holds up no write, and what it makes the log grow to is given back', async () => {
    await settleAndWait(begunCall('call_0'));
    const reader = openLedgerFile(file, 'read');
    reader.exec('BEGIN');
    const seen = () => reader.prepare<[], number>('SELECT COUNT(*) FROM calls').pluck().get();
    expect(seen()).toBe(1);
    const logBytes = () => statSync(`${file}-wal`).size;
    // Much is written meanwhile, and none of it can leave the log while the reader still needs the pages of before.
    for (let round = 0; round < 8; round++) {
      await ledger.write('noteFiles', [
        { path: `transcript-${round}`, readBytes: 1, modifiedMs: 1, head: 'x'.repeat(3 * 1024 * 1024) },
      ]);
      const calls = Array.from({ length: 50 }, (_, index) => begunCall(`call_${round}_${index}`));
      const begins = await Promise.all(calls.map((call) => ledger.writer.begin(call)));
      expect(begins.filter(({ durable }) => !durable)).toEqual([]);
      await Promise.all(calls.map(settleAndWait));
    }
    expect(seen()).toBe(1);
    expect(logBytes()).toBeGreaterThan(24 * 1024 * 1024);

    reader.close();
    for (const id of ['call_a', 'call_b', 'call_c']) await settleAndWait(begunCall(id));
    expect(logBytes()).toBeLessThanOrEqual(16 * 1024 * 1024 + 64 * 1024);
    expect(look(verifyLedger)).toEqual({ calls: 404, findings: [] });
  });
});

describe('the ledger', () => {
  it('settles what a crash left in flight when it is opened again, once', async () => {
    await ledger.writer.begin(begunCall('call_1'));
    await ledger.close();
    ledger = await open();
    expect(ledger.interruptedCalls).toBe(1);
    await ledger.close();
    ledger = await open();
    expect(ledger.interruptedCalls).toBe(0);
    const call = await ledger.read('call', 'call_1');
    expect(call).toMatchObject({ status: 'partial', isEstimated: true, costNanoUsd: null });
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
  });

  it('finds every day again when its time zone changes', async () => {
    await settleAndWait(begunCall('call_1', { startedAtMs: Date.parse('2026-10-31T23:30:00Z') }));
    expect(
      (await ledger.read('month', { month: '2026-10', by: 'day', today: '2026-11-24', timeZone: 'UTC' })).total.calls,
    ).toBe(1);
    await ledger.close();
    ledger = await open('Europe/Berlin');
    const november = await ledger.read('month', {
      month: '2026-11',
      by: 'day',
      today: '2026-11-24',
      timeZone: 'Europe/Berlin',
    });
    expect(november.rows.map(({ key }) => key)).toEqual(['2026-11-01']);
    expect(look(verifyLedger).findings).toEqual([]);
  });

  it('of a demo is forgotten at the next one, a real one never', async () => {
    await settleAndWait(begunCall('call_1'));
    await ledger.close();
    forgetLastDemo(file);
    expect(look(verifyLedger).calls).toBe(1);

    file = join(home, 'demo.sqlite');
    ledger = await open('UTC', true);
    await settleAndWait(begunCall('call_1'));
    await ledger.close();
    forgetLastDemo(file);
    expect(existsSync(file)).toBe(false);
    ledger = await open('UTC', true);
  });

  it('does not mix demo data with real data', async () => {
    await ledger.close();
    await expect(open('UTC', true)).rejects.toMatchObject({ code: 'home_mismatch' });
    ledger = await open();
  });

  it('names what does not add up', async () => {
    await settleAndWait(begunCall('call_1'));
    await ledger.close();
    const db = openDatabase(file, 'write');
    db.exec(
      `UPDATE calls SET charge_lines = json_set(charge_lines, '$[0][2]', 1 + (charge_lines ->> '$[0][2]')); UPDATE rollups SET calls = calls + 1`,
    );
    db.close();
    const findings = look(verifyLedger).findings.map(({ check }) => check);
    expect(new Set(findings)).toEqual(new Set(['charge lines', 'rollups']));
    ledger = await open();
  });

  it('refuses a file of a newer version, keeps it as it is and says what to do', async () => {
    await ledger.close();
    const db = openDatabase(file, 'write');
    db.pragma('user_version = 99');
    db.close();
    await expect(open()).rejects.toMatchObject({
      code: 'ledger_unreadable',
      remedy: expect.stringContaining('Update Tollkeeper') as string,
    });
    file = join(home, 'fresh.sqlite');
    ledger = await open();
  });
});
