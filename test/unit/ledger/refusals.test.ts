/** Refused calls and warnings in a real ledger file, and what versions before them left behind. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readExportLine } from '../../../main/intake/read-export.ts';
import { assign } from '../../../main/ledger/assign.ts';
import { keepBudgetWarnings, readBudgetWarnings } from '../../../main/ledger/budget-warnings.ts';
import { readCallsTotal } from '../../../main/ledger/read-calls-total.ts';
import { readCall } from '../../../main/ledger/read-calls.ts';
import { exportCalls } from '../../../main/ledger/read-export.ts';
import { readDaySpend, readLimitsStart } from '../../../main/ledger/read-limits.ts';
import { readMonth } from '../../../main/ledger/read-spend.ts';
import { recoverCalls } from '../../../main/ledger/recover.ts';
import { keepWarnings, readWarnings } from '../../../main/ledger/warnings.ts';
import { callsQuerySchema } from '../../../shared/contract/api.ts';
import { currentBook } from '../../../shared/pricing/current-book.ts';
import { settleRefused } from '../../../shared/settle.ts';
import { begunCall, settledCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

let ledger: LedgerDb;
beforeEach(() => {
  ledger = openLedgerDb();
});
afterEach(() => {
  expect(ledger.findings()).toEqual([]);
  ledger.close();
});

const begun = begunCall('call_1', { conversation: 'c1' });
const sentence = 'prompt is too long: 9 tokens > 5 maximum.';
const end = {
  startedAtMs: begun.startedAtMs,
  endedAtMs: begun.startedAtMs + 1,
  httpStatus: 400,
  responseBytes: 200,
  errorType: 'invalid_request_error',
  sentence,
  wouldCostNanoUsd: 123_000_000,
};

describe('a refused call', () => {
  it('costs nothing, counts as one that came to nothing, and says what it would have cost', () => {
    ledger.record({ ...begun, ...settleRefused(end, currentBook).outcome }, []);
    expect(readCall(ledger.db, 'call_1')).toMatchObject({
      status: 'refused',
      costNanoUsd: 0,
      wouldCostNanoUsd: 123_000_000,
      refusal: sentence,
      lines: [],
    });
    expect(ledger.db.prepare('SELECT calls, failed_calls, cost_nano_usd FROM rollups').get()).toEqual({
      calls: 1,
      failed_calls: 1,
      cost_nano_usd: 0,
    });
    expect(readDaySpend(ledger.db, '2026-11-24')).toEqual([]);
  });

  it('goes into the export and comes back out of it; an export without that column is read as well', () => {
    ledger.record({ ...begun, ...settleRefused(end, currentBook).outcome }, []);
    const [exported] = exportCalls(ledger.db, { from: null, to: null });
    expect(exported).toMatchObject({ status: 'refused', would_cost_nano_usd: 123_000_000 });
    const told = readExportLine(JSON.stringify(exported), 1, currentBook);
    expect(told).toMatchObject({
      kind: 'call',
      call: { status: 'refused', costNanoUsd: 0, wouldCostNanoUsd: 123_000_000 },
    });
    const { would_cost_nano_usd: _cost, ...older } = exported ?? {};
    expect(readExportLine(JSON.stringify(older), 1, currentBook)).toMatchObject({
      kind: 'call',
      call: { wouldCostNanoUsd: null },
    });
  });
});

describe('what limits stopped', () => {
  const refused = (id: string, wouldCostNanoUsd: number | null, more: object = {}) =>
    ledger.record({ ...begunCall(id, more), ...settleRefused({ ...end, wouldCostNanoUsd }, currentBook).outcome }, []);
  const total = (filter: object) => readCallsTotal(ledger.db, callsQuerySchema.parse(filter));

  beforeEach(() => {
    refused('call_1', 30_000_000, { client: 'claude-cli' });
    refused('call_2', 12_000_000, { member: 'bo' });
    refused('call_3', null, { startedAtMs: begun.startedAtMs - 24 * 3_600_000 });
    refused('call_4', 99_000_000, { startedAtMs: begun.startedAtMs - 40 * 24 * 3_600_000 });
    ledger.settle(begunCall('call_5'));
  });

  it('has a sum of its own in the total of any filter, beside a cost of $0', () => {
    expect(total({ status: 'refused' })).toEqual({
      calls: 4,
      costNanoUsd: 0,
      unpricedCalls: 0,
      estimatedCalls: 0,
      refused: { calls: 4, wouldCostNanoUsd: 141_000_000, unpricedCalls: 1 },
      isWhole: true,
    });
    expect(total({}).refused).toEqual(total({ status: 'refused' }).refused);
    expect(total({ from: '2026-11-23', to: '2026-11-23' }).refused).toEqual({
      calls: 1,
      wouldCostNanoUsd: 0,
      unpricedCalls: 1,
    });
    expect(total({ member: 'bo' })).toMatchObject({ calls: 1, refused: { calls: 1, wouldCostNanoUsd: 12_000_000 } });
    expect(total({ client: 'claude-cli' }).refused).toMatchObject({ calls: 1, wouldCostNanoUsd: 30_000_000 });
    expect(total({ status: 'complete' }).refused).toEqual({ calls: 0, wouldCostNanoUsd: 0, unpricedCalls: 0 });
    expect(readCallsTotal(ledger.db, callsQuerySchema.parse({ status: 'refused' }), 2)).toMatchObject({
      isWhole: false,
      refused: { calls: 2 },
    });
  });

  it('has it in the month as well, and counts a call that was assigned since once', () => {
    const month = () =>
      readMonth(ledger.db, { month: '2026-11', by: 'member', today: '2026-11-24', timeZone: 'UTC' }).refused;
    expect(month()).toEqual({ calls: 3, wouldCostNanoUsd: 42_000_000, unpricedCalls: 1 });
    const customers = { customer: null, customers: { projects: {}, members: {} } };
    const which = { kind: 'call', id: 'call_2' } as const;
    assign(ledger.db, ledger.recorder, { which, member: 'carla', project: null, customers, afterSeq: 0 });
    expect(month()).toEqual({ calls: 3, wouldCostNanoUsd: 42_000_000, unpricedCalls: 1 });
    expect(total({ member: 'carla' }).refused).toMatchObject({ calls: 1, wouldCostNanoUsd: 12_000_000 });
  });

  it('is found by its index, however many other calls there are', () => {
    const plan = ledger.db
      .prepare(
        `EXPLAIN QUERY PLAN SELECT would_cost_nano_usd FROM current_calls WHERE status = 'refused' AND day >= '2026-11-01' AND started_at_ms >= 0 ORDER BY started_at_ms DESC`,
      )
      .all();
    expect(JSON.stringify(plan)).toContain('calls_refused');
  });
});

describe('a journal that an earlier version left behind', () => {
  it('is brought in, though its settles know nothing of refusals', () => {
    const settled = settledCall(begun);
    const { wouldCostNanoUsd: _cost, refusal: _refusal, ...older } = settled.outcome;
    const settles = [{ begun, settled: { ...settled, outcome: older as typeof settled.outcome } }];
    recoverCalls(ledger.db, ledger.recorder, { settles, unsettled: [] }, begun.startedAtMs + 10_000);
    expect(readCall(ledger.db, 'call_1')).toMatchObject({ status: 'complete', wouldCostNanoUsd: null, refusal: null });
  });
});

describe('what the limits go on from', () => {
  it('is the spend of the month, the turns of the last hour and the warnings of the last day', () => {
    const { startedAtMs } = begun;
    const { costNanoUsd } = settledCall(begun).outcome;
    ledger.settle(begun);
    ledger.settle(begunCall('call_2', { member: null, startedAtMs: startedAtMs - 24 * 3_600_000 }));
    ledger.settle(begunCall('call_3', { startedAtMs: startedAtMs - 40 * 24 * 3_600_000 }));
    const warning = {
      conversation: 'c1',
      cause: 'spend_pace',
      sentence: 'fast',
      remedy: 'slow down',
      number: { value: 14, unit: 'minutes' },
      atMs: startedAtMs,
    } as const;
    keepWarnings(ledger.db, [warning]);
    const start = readLimitsStart(ledger.db, { today: '2026-11-24', nowMs: startedAtMs + 60_000 });
    const who = { project: 'webshop', customer: 'cus_a', costNanoUsd };
    expect(start.spend).toEqual([
      { day: '2026-11-23', member: null, ...who },
      { day: '2026-11-24', member: 'alice', ...who },
    ]);
    expect(start.turns).toMatchObject([
      { conversation: 'c1', startedAtMs, inputTokens: 1_000, outputTokens: 10, costNanoUsd },
    ]);
    expect(start.warnings).toEqual([warning]);
    expect(start.memory).toBeNull();
  });

  it('holds the steps of budgets that were told, of this month and the one before', () => {
    const told = { of: 'member', limitNanoUsd: 5, spentNanoUsd: 4, percent: 80, sentence: 's', atMs: 1 } as const;
    const kept = [
      { ...told, whose: 'alice', per: 'day', period: '2026-09-30' },
      { ...told, whose: 'alice', per: 'month', period: '2026-10' },
      { ...told, whose: null, of: 'team', per: 'day', period: '2026-11-24' },
    ] as const;
    keepBudgetWarnings(ledger.db, kept);
    const start = readLimitsStart(ledger.db, { today: '2026-11-24', nowMs: begun.startedAtMs });
    expect(start.budgetWarnings).toEqual(kept.slice(1));
    keepBudgetWarnings(
      ledger.db,
      Array.from({ length: 10_050 }, () => kept[2]),
    );
    expect(readBudgetWarnings(ledger.db, '2026-09')).toHaveLength(10_000);
  });

  it('keeps the newest ten thousand warnings', () => {
    const warnings = Array.from({ length: 10_050 }, (_, index) => ({
      conversation: `c${index}`,
      cause: 'context_50' as const,
      sentence: 's',
      remedy: 'r',
      number: { value: index, unit: 'tokens' as const },
      atMs: index,
    }));
    keepWarnings(ledger.db, warnings);
    const kept = readWarnings(ledger.db, 0);
    expect([kept.length, kept[0]?.atMs, kept.at(-1)?.atMs]).toEqual([10_000, 50, 10_049]);
  });
});
