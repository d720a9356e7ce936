/** Rows of calls as they are written, one or many at a time, over a real file. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { callOfValues, columnNames, columns, valuesOf } from '../../../main/ledger/call-columns.ts';
import { packCalls, unpackCalls } from '../../../main/ledger/packed-calls.ts';
import { linesOf } from '../../../main/ledger/charge-text.ts';
import { takeCalls } from '../../../main/ledger/take-in.ts';
import type { CallRecord } from '../../../shared/call.ts';
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

/** A call as a transcript tells it; every third has fields of its own, so that rows name different columns. */
function told(number: number, more: Partial<CallRecord> = {}, output = 10): CallRecord {
  const begun = begunCall(`call_${String(number).padStart(4, '0')}`, { source: 'claude_code', customer: null });
  const { outcome } = settledCall(begun, { input_tokens: number + 1, output_tokens: output });
  const own = number % 3 === 0 ? { stopReason: null, conversation: `session-${number}`, speed: 'standard' } : {};
  return { ...begun, ...outcome, requestId: `req_${number}`, ...own, ...more };
}

const taken = (call: CallRecord) => ({ call, lines: settledCall(call, usageOf(call)).lines, keys: [] });
const usageOf = ({ inputTokens, outputTokens }: CallRecord) => ({
  input_tokens: inputTokens,
  output_tokens: outputTokens,
});
const take = (...calls: readonly CallRecord[]) =>
  ledger.db.transaction(() => takeCalls(ledger.recorder, packCalls(calls.map(taken))))();
const stored = () =>
  ledger.db
    .prepare<[], Record<string, unknown>>(`SELECT ${columnNames.join(', ')} FROM calls ORDER BY seq`)
    .all()
    .map((row) => callOfValues(Object.values(row)));

/** Every field another value, so that no two can be confused. */
const distinct = Object.fromEntries(Object.values(columns).map((field, index) => [field, `value ${index}`]));

describe('a call', () => {
  it('has its values in the order of its columns, and is made of them again', () => {
    const call = { ...distinct, isEstimated: true, isStream: false } as unknown as CallRecord;
    const values = valuesOf(call);
    const byColumn = Object.fromEntries(columnNames.map((name, index) => [name, values[index]]));
    const expected = Object.entries(columns).map(([name, field]) => [name, call[field]]);
    expect(byColumn).toEqual({ ...Object.fromEntries(expected), is_estimated: 1, is_stream: 0 });
    expect(values).toHaveLength(columnNames.length);
    expect(callOfValues(values)).toEqual(call);
  });

  it('crosses the border of a thread with its lines and further names, alone and among others', () => {
    const calls = [told(0), told(1), told(2), told(3, { member: null, costNanoUsd: null, unpricedReason: 'why' })];
    const keysOf = (index: number) => (index === 2 ? ['batch one', 'batch two'] : []);
    for (const count of [0, 1, 2, 3, 4]) {
      const some = calls.slice(0, count).map((call, index) => ({ ...taken(call), keys: keysOf(index) }));
      const crossed = [...unpackCalls(structuredClone(packCalls(some)))];
      expect(crossed.map(({ lines: _lines, ...unpacked }) => unpacked)).toEqual(
        some.map(({ call, keys }) => ({ call, values: valuesOf(call), keys })),
      );
      expect(crossed.map(({ lines }) => linesOf(lines))).toEqual(some.map(({ lines }) => lines));
    }
  });
});

describe('calls that are taken in together', () => {
  it.each([1, 31, 32, 33, 100])('are all written, %i of them, in their order and with all of their fields', (count) => {
    const calls = Array.from({ length: count }, (_, number) => told(number));
    expect(take(...calls)).toMatchObject({ recorded: count, corrected: 0, unchanged: 0 });
    expect(stored()).toEqual(calls);
  });

  it('are one call where a message comes twice among them', () => {
    const more = told(2, { messageId: 'msg_call_0001' }, 90);
    expect(take(told(0), told(1, { isEstimated: true }), more)).toMatchObject({ recorded: 2, corrected: 1 });
    expect(ledger.db.prepare('SELECT id, revision, output_tokens AS output FROM calls ORDER BY seq').all()).toEqual([
      { id: 'call_0000', revision: 1, output: 10 },
      { id: 'call_0001', revision: 1, output: 10 },
      { id: 'call_0001', revision: 2, output: 90 },
    ]);
  });

  it('are one call where an export names one twice', () => {
    const exported = told(5, { source: 'import' });
    expect(take(told(4), exported, exported)).toMatchObject({ recorded: 2, unchanged: 1 });
  });

  it('are found by their request when one of them was cut before it had a message', () => {
    take(told(6));
    const cut = told(7, { source: 'import', messageId: null, status: 'partial', isEstimated: true });
    const whole = told(8, { requestId: cut.requestId });
    expect(take(cut, whole)).toMatchObject({ recorded: 1, corrected: 1 });
  });

  it('are none of them written when one of them cannot be', () => {
    const calls = Array.from({ length: 40 }, (_, number) => told(number));
    const impossible = told(40, { status: 'in_flight' as CallRecord['status'] });
    expect(() => take(...calls, impossible)).toThrow('CHECK constraint');
    ledger.recorder.forget();
    expect(stored()).toEqual([]);
    expect(take(...calls)).toMatchObject({ recorded: 40 });
  });
});
