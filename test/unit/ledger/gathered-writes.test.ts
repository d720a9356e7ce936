/** Bulk writes of a command that is alone with the ledger: when they are committed, and what becomes of them when one fails. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { packCalls } from '../../../main/ledger/packed-calls.ts';
import { openLedgerHere, type LedgerHere } from '../../../main/ledger/open-here.ts';
import { systemClock } from '../../../main/system/clock.ts';
import type { CallRecord } from '../../../shared/call.ts';
import { planSchema } from '../../../shared/contract/plan.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { dataOf } from '../../../shared/pricing/price-book.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { makeLedgerFolder, type LedgerFolder } from '../../kit/ledger-folder.ts';

let folder: LedgerFolder;
let ledger: LedgerHere;
beforeEach(() => {
  folder = makeLedgerFolder();
  ledger = open();
});
afterEach(() => folder.remove());

function open(): LedgerHere {
  const rules = { timeZone: 'UTC', plan: planSchema.parse({ kind: 'cost' }), book: dataOf(currentBook) };
  return openLedgerHere({ file: folder.file, rules, clock: systemClock, purpose: 'import', onNotice: () => {} });
}

function chunk(name: string, count: number, more: Partial<CallRecord> = {}) {
  const calls = Array.from({ length: count }, (_, number) => {
    const begun = begunCall(`call_${name}_${number}`, { source: 'claude_code', customer: null });
    const { outcome, lines } = settledCall(begun);
    return { call: { ...begun, ...outcome, ...more }, lines, keys: [] };
  });
  return packCalls(calls);
}

const transcript = (path: string) => ({ path, readBytes: 10, modifiedMs: 1, head: 'head' });
/** What another connection sees. */
const seen = () =>
  folder.look((db) => ({
    calls: db.prepare<[], number>('SELECT COUNT(*) FROM calls').pluck().get(),
    inRollups: db.prepare<[], number>('SELECT COALESCE(SUM(calls), 0) FROM rollups').pluck().get(),
    files: db.prepare<[], string>('SELECT path FROM intake_files ORDER BY path').pluck().all(),
  }));

describe('bulk writes', () => {
  it('are in the ledger when it is closed, and seen by their own connection before', async () => {
    await ledger.write('takeIn', chunk('one', 3));
    await ledger.write('noteFiles', [transcript('/a')]);
    expect((await ledger.read('calls', { limit: 10 })).calls).toHaveLength(3);
    expect(seen()).toEqual({ calls: 0, inRollups: 0, files: [] });
    ledger.close();
    expect(seen()).toEqual({ calls: 3, inRollups: 3, files: ['/a'] });
  });

  it('are committed before they are too many to hold', async () => {
    for (let number = 0; number < 17; number++) await ledger.write('takeIn', chunk(`part${number}`, 1_000));
    expect(seen()).toMatchObject({ calls: 16_000, inRollups: 16_000 });
    ledger.close();
    expect(seen()).toMatchObject({ calls: 17_000, inRollups: 17_000 });
  });

  it('are committed before any other write', async () => {
    await ledger.write('takeIn', chunk('one', 2));
    expect(await ledger.write('keepLimits', '{}')).toBe(true);
    expect(seen()).toMatchObject({ calls: 2 });
    ledger.close();
  });

  it('that fail take back what was not committed, and nothing is written after them: no file is noted without its calls', async () => {
    await ledger.write('takeIn', chunk('first', 2));
    await ledger.write('keepLimits', '{}');
    await ledger.write('takeIn', chunk('lost', 2));
    const impossible = chunk('bad', 1, { status: 'in_flight' as CallRecord['status'] });
    await expect(ledger.write('takeIn', impossible)).rejects.toThrow('CHECK constraint');
    await expect(ledger.write('noteFiles', [transcript('/lost')])).rejects.toThrow('CHECK constraint');
    await expect(ledger.write('keepLimits', '{}')).rejects.toThrow('CHECK constraint');
    ledger.close();
    expect(seen()).toEqual({ calls: 2, inRollups: 2, files: [] });

    ledger = open();
    expect(await ledger.write('takeIn', chunk('lost', 2))).toMatchObject({ recorded: 2 });
    ledger.close();
  });
});
