/** Rows of calls as they are written, one or many at a time, over a real file. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { callOfValues, columnNames, columns, valuesOf } from '../../../main/ledger/call-columns.ts';
import { packCall, unpackCall } from '../../../main/ledger/packed-call.ts';
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

const packed = (call: CallRecord) => packCall(call, settledCall(call, usageOf(call)).lines, []);
const usageOf = ({ inputTokens, outputTokens }: CallRecord) => ({
  input_tokens: inputTokens,
  output_tokens: outputTokens,
});
const take = (...calls: readonly CallRecord[]) =>
  ledger.db.transaction(() => takeCalls(ledger.recorder, calls.map(packed)))();
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

  it('crosses the border of a thread with its lines and further names', () => {
    const call = told(1);
    const { lines } = settledCall(call, usageOf(call));
    const crossed = unpackCall(structuredClone(packCall(call, lines, ['batch one', 'batch two'])));
    expect(crossed).toMatchObject({ call, values: valuesOf(call), keys: ['batch one', 'batch two'] });
    expect(crossed.lines).toContain('"input",2,');
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
