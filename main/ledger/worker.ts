/**
 * The entry of the ledger's worker threads. One is the writer (applies settles, seals the outbox), one the reader (serves the dashboard),
 * so that a month view never holds up a settle, and the proxy's loop never waits for the disk. The keeper comes for a backup or a check and goes.
 * SQLite's fault of writers that checkpoint beside each other (fixed in 3.51.3) cannot occur: only the writer writes.
 */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';

import type { Db } from '../system/db.ts';
import { answerCall, type WorkerFunctions } from '../system/worker-calls.ts';
import { applySettles, type ApplyBatch } from './apply-settles.ts';
import { createBookInForce } from './book-in-force.ts';
import { openLedgerFile } from './ledger-file.ts';
import { createKeeperFunctions } from './keeper-functions.ts';
import { createReaderFunctions } from './reader-functions.ts';
import { createPlansInForce } from './plans-in-force.ts';
import { createRecorder } from './record.ts';
import type { LedgerWorkerData } from './open.ts';
import { createDayOf } from '../../shared/period.ts';
import { createWriterFunctions } from './writer-functions.ts';

assert(parentPort, 'the ledger worker runs as a worker thread');
const port = parentPort;
const data = workerData as LedgerWorkerData;
const { take, close } = { writer: serveWriter, reader: serveReader, keeper: serveKeeper }[data.role](data);
port.on('message', (message: ThreadMessage) => {
  if (message.end !== true) return take(message);
  close();
  // Nothing keeps the thread alive after it.
  port.close();
});

type ThreadMessage = { readonly end?: boolean; readonly apply?: ApplyBatch };
type Service = { readonly take: (message: ThreadMessage) => void; readonly close: () => void };

function serveWriter({ file, rules }: LedgerWorkerData): Service {
  const db = openLedgerFile(file, 'write');
  const prices = createBookInForce(db, rules.book);
  const dayOf = createDayOf(rules.timeZone);
  const plans = createPlansInForce(db, rules.plan);
  const recorder = createRecorder(db, { dayOf, plans, book: prices.book });
  const functions: WorkerFunctions = createWriterFunctions(db, { recorder, prices, plans, plan: rules.plan });
  return {
    take: (message) => {
      if (message.apply) port.postMessage({ applied: applySettles(db, recorder, message.apply) });
      else void answerCall(port, functions, message);
    },
    close: () => void db.close(),
  };
}

/** The file is opened by the first question: the thread is started while the writer still makes or migrates it. */
function serveReader({ file }: LedgerWorkerData): Service {
  let db: Db | null = null;
  let functions: WorkerFunctions = {};
  return {
    take: (message) => {
      if (db === null) functions = createReaderFunctions((db = openLedgerFile(file, 'read')));
      void answerCall(port, functions, message);
    },
    close: () => void db?.close(),
  };
}

/** It reads each page once: what it keeps of them in memory would serve nobody. */
const keeperCacheKibibytes = -2_048;

function serveKeeper({ file }: LedgerWorkerData): Service {
  const db = openLedgerFile(file, 'read');
  db.pragma(`cache_size = ${keeperCacheKibibytes}`);
  const functions: WorkerFunctions = createKeeperFunctions(db, file);
  return { take: (message) => void answerCall(port, functions, message), close: () => void db.close() };
}
