/**
 * Bulk writes of a command that is alone with the ledger: chunks of calls, and the files they were read from, share a transaction. New calls land all
 * over the indexes, so each transaction writes a good part of them again: one for many chunks writes it once.
 *
 * Promises: what was handed over is committed whole and in its order, at the latest by `commit`; every other write comes after what was gathered before
 * it. A write that fails takes back what had gathered and was not committed, and nothing is written after it: calls of a file that were taken back
 * must not be followed by the note that it was read.
 */
import type { Db } from '../system/db.ts';
import { noteIntakeFiles } from './intake-files.ts';
import type { Recorder } from './record.ts';
import { takeCalls } from './take-in.ts';
import type { WriterFunctions } from './writer-functions.ts';

/** What has gathered is held in memory, some kilobytes a call with the pages it touches, and is read again when the command is killed. */
const callsPerTransaction = 16_000;

export type GatheredWrites = { readonly writes: WriterFunctions; readonly commit: () => void };

export function gatherWrites(db: Db, recorder: Recorder, writes: WriterFunctions): GatheredWrites {
  let gatheredCalls = 0;
  let failure: unknown = null;

  function commit(): void {
    if (db.inTransaction) db.exec('COMMIT');
    gatheredCalls = 0;
  }

  function gather<T>(calls: number, write: () => T): T {
    if (failure !== null) throw failure;
    try {
      if (!db.inTransaction) db.exec('BEGIN IMMEDIATE');
      const answer = write();
      gatheredCalls += calls;
      if (gatheredCalls >= callsPerTransaction) commit();
      return answer;
    } catch (error) {
      failure = error;
      recorder.forget();
      // Some failures (a full disk) have taken the transaction back already.
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  const others = Object.fromEntries(
    Object.entries(writes).map(([name, write]) => [
      name,
      (argument: never) => {
        if (failure !== null) throw failure;
        commit();
        return write(argument);
      },
    ]),
  ) as WriterFunctions;
  return {
    writes: {
      ...others,
      takeIn: (calls) => gather(calls.count, () => takeCalls(recorder, calls)),
      noteFiles: (files) => gather(0, () => noteIntakeFiles(db, files)),
    },
    commit,
  };
}
