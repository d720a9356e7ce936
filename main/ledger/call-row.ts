/** Reads calls back from their rows in `calls`. */
import type { CallRecord, ChargeLine } from '../../shared/call.ts';
import type { Db } from '../system/db.ts';
import { columnNames, columns } from './call-columns.ts';
import { linesOf } from './charge-text.ts';

export type StoredCall = {
  readonly seq: number;
  readonly revision: number;
  readonly repeatOf: string | null;
  readonly call: CallRecord;
  readonly lines: readonly ChargeLine[];
};

type StoredRow = Omit<CallRecord, 'isEstimated' | 'isStream'> & {
  readonly isEstimated: number;
  readonly isStream: number;
  readonly seq: number;
  readonly revision: number;
  readonly repeatOf: string | null;
  readonly chargeLines: string;
};

const storedColumns = `seq, revision, repeat_of AS repeatOf, charge_lines AS chargeLines,
  ${columnNames.map((name) => `${name} AS ${columns[name]}`).join(', ')}`;

/** The last revision of a call, by its id. */
export function prepareReadCall(db: Db): (id: string) => StoredCall | null {
  const read = db.prepare<[string], StoredRow>(
    `SELECT ${storedColumns} FROM calls WHERE id = ? ORDER BY revision DESC LIMIT 1`,
  );
  return (id) => {
    const row = read.get(id);
    return row ? storedCall(row) : null;
  };
}

/** Current calls of a range of days, in order of their rows, from after `afterSeq`. */
export function readStoredCalls(
  db: Db,
  { fromDay, toDay, afterSeq, limit }: { fromDay: string; toDay: string; afterSeq: number; limit: number },
): StoredCall[] {
  return db
    .prepare<[number, string, string, number], StoredRow>(
      `SELECT ${storedColumns} FROM current_calls WHERE seq > ? AND day >= ? AND day <= ? ORDER BY seq LIMIT ?`,
    )
    .all(afterSeq, fromDay, toDay, limit)
    .map(storedCall);
}

/** Current calls that this SQL condition names, in order of their rows, from after `afterSeq`. */
export function readStoredCallsWhere(
  db: Db,
  { sql, values, afterSeq, limit }: { sql: string; values: readonly unknown[]; afterSeq: number; limit: number },
): StoredCall[] {
  return db
    .prepare<unknown[], StoredRow>(
      `SELECT ${storedColumns} FROM current_calls WHERE seq > ? AND ${sql} ORDER BY seq LIMIT ?`,
    )
    .all(afterSeq, ...values, limit)
    .map(storedCall);
}

/** Rows of `calls` by named values; `sql` is the whole of what follows WHERE. */
export function readStoredCallsOf(
  db: Db,
  sql: string,
  values: Readonly<Record<string, string | number>>,
): StoredCall[] {
  return db.prepare<object, StoredRow>(`SELECT ${storedColumns} FROM calls WHERE ${sql}`).all(values).map(storedCall);
}

function storedCall({ seq, revision, repeatOf, chargeLines, ...row }: StoredRow): StoredCall {
  const call = { ...row, isEstimated: row.isEstimated === 1, isStream: row.isStream === 1 };
  return { seq, revision, repeatOf, call, lines: linesOf(chargeLines) };
}
