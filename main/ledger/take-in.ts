/**
 * Takes in calls that did not pass the proxy (or did, and are told again): one transaction a chunk. Each becomes a row, or a correction of the row
 * it already has, or nothing. Chunks are bounded by the caller, so that a begin of the proxy never waits long behind one.
 */
import type { DayChange } from '../../shared/corrections.ts';
import type { Db } from '../system/db.ts';
import { unpackCalls, type PackedCalls } from './packed-calls.ts';
import type { Recorder } from './record.ts';

export type TakeInResult = {
  readonly recorded: number;
  /** Of those that were recorded. */
  readonly unpriced: number;
  readonly corrected: number;
  readonly unchanged: number;
  readonly changes: readonly DayChange[];
};

export function takeIn(db: Db, recorder: Recorder, calls: PackedCalls): TakeInResult {
  try {
    return db.transaction(() => takeCalls(recorder, calls))();
  } catch (error) {
    recorder.forget();
    throw error;
  }
}

/** Inside the caller's transaction. */
export function takeCalls(recorder: Recorder, calls: PackedCalls): TakeInResult {
  const tally = { recorded: 0, unpriced: 0, corrected: 0, unchanged: 0 };
  for (const { call, values, lines, keys } of unpackCalls(calls)) {
    const { kind } = recorder.record(call, lines, keys, values);
    if (kind === 'corrected') tally.corrected += 1;
    else if (kind === 'unchanged') tally.unchanged += 1;
    else {
      tally.recorded += 1;
      if (call.costNanoUsd === null) tally.unpriced += 1;
    }
  }
  return { ...tally, changes: recorder.writeRollups() };
}
