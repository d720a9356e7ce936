/** A call on its way between threads. */
import type { CallRecord, ChargeLine } from '../../shared/call.ts';
import { callOfValues, columnNames, valuesOf, type CallValues } from './call-columns.ts';
import { linesText } from './charge-text.ts';

/**
 * Its values, its charge lines as they are stored, then further names of it. What a thread hands to another is
 * copied, and an array is copied seven times as fast as an object with forty names.
 */
export type PackedCall = readonly unknown[];

export function packCall(call: CallRecord, lines: readonly ChargeLine[], keys: readonly string[]): PackedCall {
  return [...valuesOf(call), linesText(lines), ...keys];
}

export type UnpackedCall = {
  readonly call: CallRecord;
  readonly values: CallValues;
  readonly lines: string;
  readonly keys: readonly string[];
};

export function unpackCall(packed: PackedCall): UnpackedCall {
  const [lines = '[]', ...keys] = packed.slice(columnNames.length) as string[];
  return { call: callOfValues(packed), values: packed.slice(0, columnNames.length), lines, keys };
}
