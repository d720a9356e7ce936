/**
 * Calls on their way between threads. What a thread hands to another is copied value by value, so they go as columns: a column in which all calls of a
 * chunk say the same is one value, which half of them are, and an object with forty names costs seven times as much as its values.
 */
import type { CallRecord, ChargeLine } from '../../shared/call.ts';
import { callOfValues, columnNames, valuesOf, type CallValues } from './call-columns.ts';
import { linesText } from './charge-text.ts';

export type TakenIn = {
  readonly call: CallRecord;
  readonly lines: readonly ChargeLine[];
  /** Further names of this call, besides its message id. */
  readonly keys: readonly string[];
};

/** Plain data. The columns are those of a call, and its charge lines as they are stored. */
export type PackedCalls = {
  readonly count: number;
  /** What all of the calls say in a column; of no meaning where `each` has it. */
  readonly same: CallValues;
  /** What each call says in it; null where all say the same. */
  readonly each: readonly (CallValues | null)[];
  /** Null when no call has further names. */
  readonly keys: readonly (readonly string[])[] | null;
};

export type Packing = {
  readonly add: (taken: TakenIn) => void;
  readonly count: () => number;
  /** What was added since the last time. */
  readonly take: () => PackedCalls;
};

const linesAt = columnNames.length;

export function createPacking(): Packing {
  let rows: CallValues[] = [];
  let keys: (readonly string[])[] = [];
  return {
    add: (taken) => {
      rows.push([...valuesOf(taken.call), linesText(taken.lines)]);
      keys.push(taken.keys);
    },
    count: () => rows.length,
    take: () => {
      const packed = packRows(rows, keys);
      rows = [];
      keys = [];
      return packed;
    },
  };
}

export function packCalls(calls: readonly TakenIn[]): PackedCalls {
  const packing = createPacking();
  for (const taken of calls) packing.add(taken);
  return packing.take();
}

function packRows(rows: readonly CallValues[], keys: readonly (readonly string[])[]): PackedCalls {
  const [same = []] = rows;
  const each = same.map((value, column) =>
    rows.every((row) => row[column] === value) ? null : rows.map((row) => row[column]),
  );
  return { count: rows.length, same, each, keys: keys.some((more) => more.length > 0) ? keys : null };
}

export type UnpackedCall = {
  readonly call: CallRecord;
  readonly values: CallValues;
  readonly lines: string;
  readonly keys: readonly string[];
};

const noKeys: readonly string[] = [];

export function* unpackCalls({ count, same, each, keys }: PackedCalls): Generator<UnpackedCall> {
  for (let index = 0; index < count; index++) {
    const values: unknown[] = [];
    for (let column = 0; column < linesAt; column++) {
      const differing = each[column];
      values.push(differing ? differing[index] : same[column]);
    }
    const lines = (each[linesAt]?.[index] ?? same[linesAt]) as string;
    yield { call: callOfValues(values), values, lines, keys: keys?.[index] ?? noKeys };
  }
}
