/** The ledger's writer over a real file: durable begins, one transaction a settle, and what happens while the disk refuses. */
import { cpSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { currentBook } from '../../../shared/pricing/current-book.ts';
import { dataOf } from '../../../shared/pricing/price-book.ts';
import { planSchema } from '../../../shared/contract/plan.ts';
import { forgetLastDemo } from '../../../main/ledger/forget-demo.ts';
import { readJournal } from '../../../main/ledger/read-journal.ts';
import { ledgerFileName, openLedgerFile } from '../../../main/ledger/ledger-file.ts';
import { journalFolderOf, openLedger, type Ledger } from '../../../main/ledger/open.ts';
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

/** As a start after a crash would find them. */
const onTheirWay = () => readJournal(journalFolderOf(file)).unsettled.map(({ id }) => id);

const settleAndWait = (begun: ReturnType<typeof begunCall>) =>
  new Promise<void>((resolve) => void ledger.writer.settle(begun, settledCall(begun), () => resolve()));

describe('the writer', () => {
  it('answers a begin when it is on the disk', async () => {
    expect(await ledger.writer.begin(begunCall('call_1'))).toEqual({ durable: true });
    expect(onTheirWay()).toEqual(['call_1']);
  });

  it('settles a call, its lines, its rollup and its share as one', async () => {
    const begun = begunCall('call_1');
    await ledger.writer.begin(begun);
    await settleAndWait(begun);

    expect(onTheirWay()).toEqual([]);
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
    const share = look((db) => db.prepare('SELECT customer, amount_thousandths, minute_ms FROM outbox_shares').get());
    expect(share).toEqual({
      customer: 'cus_a',
      amount_thousandths: 2_100_000 * 1.2,
      minute_ms: Date.parse('2026-11-24T10:00:00Z'),
    });
  });

  it('settles once, however often it is told', async () => {
    const begun = begunCall('call_1');
    await settleAndWait(begun);
    await settleAndWait(begun);
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
    expect(onTheirWay()).toEqual([]);
  });

  it('keeps hundreds that come at once, in one piece each', async () => {
    const calls = Array.from({ length: 500 }, (_, index) => begunCall(`call_${index}`, { member: `m${index % 7}` }));
    await Promise.all(calls.map((call) => ledger.writer.begin(call)));
    await Promise.all(calls.map(settleAndWait));
    expect(look(verifyLedger)).toEqual({ calls: 500, findings: [] });
  });

  it('goes on while the ledger is locked, says so, and brings the rows in when it can', async () => {
    const other = openDatabase(file, 'write');
    other.exec('BEGIN IMMEDIATE');
    const begun = begunCall('call_1');

    // The journal is another file: neither a begin nor the end of a call waits for the lock.
    expect(await ledger.writer.begin(begun)).toEqual({ durable: true });
    const { promise: applied, resolve: onApplied } = Promise.withResolvers<void>();
    await ledger.writer.settle(begun, settledCall(begun), () => onApplied());
    expect(await ledger.writer.begin(begunCall('call_2'))).toEqual({ durable: true });
    await expect.poll(ledger.writer.trouble).toMatchObject({ reason: 'database is locked', waiting: 1 });

    other.exec('ROLLBACK');
    other.close();
    await applied;
    expect(ledger.writer.trouble()).toBeNull();
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
    expect(onTheirWay()).toEqual(['call_2']);
  });

  it('is closed in order even when the ledger refuses to the end, and the next start brings the rows in', async () => {
    const other = openDatabase(file, 'write');
    other.exec('BEGIN IMMEDIATE');
    const begun = begunCall('call_1');
    await ledger.writer.begin(begun);
    await ledger.writer.settle(begun, settledCall(begun), () => {});
    await ledger.close();
    other.exec('ROLLBACK');
    other.close();

    ledger = await open();
    expect(ledger.interruptedCalls).toBe(0);
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
    expect(await ledger.read('call', 'call_1')).toMatchObject({ status: 'complete' });
  });

  it('says which customers have calls that are not in the ledger yet', async () => {
    const early = begunCall('call_1', { startedAtMs: 5_000 });
    const late = begunCall('call_2', { startedAtMs: 9_000 });
    await Promise.all([late, early, begunCall('call_3', { customer: null })].map(ledger.writer.begin));
    expect(ledger.writer.onTheirWay()).toEqual([['cus_a', 5_000]]);
    await settleAndWait(early);
    expect(ledger.writer.onTheirWay()).toEqual([['cus_a', 9_000]]);
    await settleAndWait(late);
    expect(ledger.writer.onTheirWay()).toEqual([]);
  });
});

describe('a settle in the journal', () => {
  it('is there before its row is, and makes the row when the process ends in between', async () => {
    const other = openDatabase(file, 'write');
    other.exec('BEGIN IMMEDIATE');
    const begun = begunCall('call_1');
    await ledger.writer.begin(begun);
    let isApplied = false;
    await ledger.writer.settle(begun, settledCall(begun), () => {
      isApplied = true;
    });
    expect(isApplied).toBe(false);
    expect(readJournal(journalFolderOf(file)).settles).toEqual([{ begun, settled: settledCall(begun) }]);

    // What a kill leaves behind: the ledger's files and the journal, copied while the row waits for the lock.
    const killed = mkdtempSync(join(tmpdir(), 'tollkeeper-killed-'));
    for (const path of [file, `${file}-wal`, journalFolderOf(file)])
      cpSync(path, join(killed, basename(path)), { recursive: true });
    other.exec('ROLLBACK');
    other.close();
    const [home1, file1] = [home, file];
    await ledger.close();
    expect(readJournal(journalFolderOf(file1))).toEqual({ unsettled: [], settles: [] });
    [home, file] = [killed, join(killed, ledgerFileName)];
    ledger = await open();
    expect(await ledger.read('call', 'call_1')).toMatchObject({ status: 'complete', costNanoUsd: 2_100_000 });
    expect(look(verifyLedger)).toEqual({ calls: 1, findings: [] });
    rmSync(home1, { recursive: true });
  });

  it('stops nothing when the journal cannot be written: the ledger has it all the same', async () => {
    await ledger.close();
    writeFileSync(journalFolderOf(file), 'a file where the folder should be');
    ledger = await open();
    const begun = begunCall('call_1');
    expect(await ledger.writer.begin(begun)).toEqual({ durable: false });
    await Promise.all([ledger.writer.settle(begun, settledCall(begun), () => {}), settleAndWait(begunCall('call_2'))]);
    await ledger.writer.flush();
    expect(look(verifyLedger)).toEqual({ calls: 2, findings: [] });
    expect(ledger.gap()).toContain('cannot be written');
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
    forgetLastDemo(file, journalFolderOf(file));
    expect(look(verifyLedger).calls).toBe(1);

    file = join(home, 'demo.sqlite');
    ledger = await open('UTC', true);
    await settleAndWait(begunCall('call_1'));
    await ledger.close();
    forgetLastDemo(file, journalFolderOf(file));
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
