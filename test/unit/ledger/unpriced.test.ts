/** What the reader thread answers about unpriced, corrected and filtered calls, over a real ledger that has lived. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ledgerFileName, openLedgerFile } from '../../../main/ledger/ledger-file.ts';
import { readOutbox } from '../../../main/ledger/outbox-read.ts';
import { readCalls } from '../../../main/ledger/read-calls.ts';
import { readCallsTotal } from '../../../main/ledger/read-calls-total.ts';
import { readPricedBy } from '../../../main/ledger/read-priced-by.ts';
import { readMonth } from '../../../main/ledger/read-spend.ts';
import { readUnpriced } from '../../../main/ledger/read-unpriced.ts';
import { verifyLedger } from '../../../main/ledger/verify.ts';
import type { Db } from '../../../main/system/db.ts';
import { callsQuerySchema } from '../../../shared/contract/api.ts';
import { dearBook, seedHome, unknownModel } from '../../kit/seeded-home.ts';

const home = mkdtempSync(join(tmpdir(), 'tollkeeper-unpriced-'));
const nowMs = Date.parse('2026-11-24T12:00:00Z');
const november = { month: '2026-11' };
let db: Db;

beforeAll(() => {
  seedHome({ home, nowMs, calls: 300 });
  db = openLedgerFile(join(home, ledgerFileName), 'read');
});
afterAll(() => {
  db.close();
  rmSync(home, { recursive: true });
});

const page = (query: object) => readCalls(db, callsQuerySchema.parse({ limit: 200, ...query })).calls;

describe('a ledger that has lived', () => {
  it('adds up', () => {
    expect(verifyLedger(db).findings).toEqual([]);
  });

  it('tells why calls of a month have no price, the most frequent reason first', () => {
    const view = readUnpriced(db, november);
    expect(view).toMatchObject({ month: '2026-11', calls: 48, otherCalls: 0 });
    expect(view.reasons.map(({ calls }) => calls)).toEqual([41, 5, 1, 1]);
    expect(view.reasons[0]?.reason).toContain(unknownModel);
    for (const { reason, calls } of view.reasons) expect(page({ status: 'unpriced', reason })).toHaveLength(calls);
    expect(readUnpriced(db, { month: '2026-08' })).toEqual({ month: '2026-08', calls: 0, reasons: [], otherCalls: 0 });
  });

  it('looks at so many calls only, and counts the rest', () => {
    const view = readUnpriced(db, november, 10);
    const told = view.reasons.reduce((sum, { calls }) => sum + calls, 0);
    expect(told).toBeLessThanOrEqual(10);
    expect(view).toMatchObject({ calls: 48, otherCalls: 48 - told });
  });

  it.each([
    [{}],
    [{ member: 'alice' }],
    [{ project: 'moonshot' }],
    [{ model: unknownModel }],
    [{ status: 'unpriced' }],
    [{ status: 'complete', member: 'bo' }],
    [{ status: 'corrected' }],
    [{ book: dearBook.version }],
    [{ from: '2026-11-20', to: '2026-11-23' }],
    [{ from: '2026-11-24', status: 'partial' }],
    [{ conversation: 'talk_0', from: '2026-11-01' }],
    [{ client: 'test' }],
  ])('sums the filter %o to what its calls come to', (query) => {
    const filter = callsQuerySchema.parse(query);
    const calls = [...allPages(query)];
    expect(readCallsTotal(db, filter)).toEqual({
      calls: calls.length,
      costNanoUsd: calls.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0), 0),
      unpricedCalls: calls.filter(({ costNanoUsd }) => costNanoUsd === null).length,
      estimatedCalls:
        'status' in query && query.status === 'unpriced' ? 0 : calls.filter(({ isEstimated }) => isEstimated).length,
      refused: { calls: 0, wouldCostNanoUsd: 0, unpricedCalls: 0 },
      isWhole: true,
    });
    expect(calls.length).toBeGreaterThan(0);
  });

  it('says when only the newest calls of a filter were added up', () => {
    const filter = callsQuerySchema.parse({ status: 'complete' });
    expect(readCallsTotal(db, filter, 20)).toMatchObject({ isWhole: false });
    expect(readCallsTotal(db, filter, 20).calls).toBeLessThanOrEqual(20);
  });

  it('tells which books priced a month and how many calls were corrected', () => {
    const view = readPricedBy(db, november);
    const corrected = page({ status: 'corrected' });
    expect(corrected.length).toBeGreaterThan(0);
    expect(view).toMatchObject({ isWhole: true, correctedCalls: corrected.length });
    expect(view.books.find(({ priceBook }) => priceBook === dearBook.version)?.calls).toBe(corrected.length);
    expect(readPricedBy(db, november, 5)).toMatchObject({ isWhole: false, calls: 5 });
  });

  it('says on which days and in which rows of the month calls are unpriced', () => {
    const view = readMonth(db, { month: '2026-11', by: 'project', today: '2026-11-24', timeZone: 'UTC' });
    expect(view.days.reduce((sum, { unpricedCalls }) => sum + unpricedCalls, 0)).toBe(48);
    expect(view.rows.find(({ key }) => key === 'moonshot')).toMatchObject({
      spend: { costNanoUsd: 0, calls: 14, unpricedCalls: 14 },
      previous: { costNanoUsd: 0, unpricedCalls: 0 },
    });
  });

  it('lists what is to settle with each customer, and what is not billed for want of a price', () => {
    const { differences, unpriced } = readOutbox(db, { ...november, nowMs: Date.parse('2026-11-25T00:00:00Z') });
    expect(differences.calls).toBeGreaterThan(0);
    expect(differences.rows).toHaveLength(differences.calls);
    expect(differences.rows.reduce((sum, row) => sum + row.dueThousandths - row.sentThousandths, 0)).toBe(
      differences.nanoUsd,
    );
    expect(unpriced).toEqual({ calls: 48, customers: 1 });
  });
});

function* allPages(query: object) {
  for (let cursor: string | undefined; ;) {
    const { calls, nextCursor } = readCalls(db, callsQuerySchema.parse({ limit: 200, ...query, cursor }));
    yield* calls;
    if (nextCursor === null) return;
    cursor = nextCursor;
  }
}
