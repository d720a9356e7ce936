/**
 * The entry of the ledger's worker threads. One is the writer (applies settles, seals the outbox), one the reader (serves the dashboard),
 * so that a month view never holds up a settle, and the proxy's loop never waits for the disk. The keeper comes for a backup or a check and goes.
 * SQLite's fault of writers that checkpoint beside each other (fixed in 3.51.3) cannot occur: only the writer writes.
 */
import assert from 'node:assert/strict';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import { answerCall, type WorkerFunctions } from '../system/worker-calls.ts';
import { applySettles, type ApplyBatch } from './apply-settles.ts';
import { createBookInForce } from './book-in-force.ts';
import { openLedgerFile } from './ledger-file.ts';
import { createKeeperFunctions } from './keeper-functions.ts';
import { createReaderFunctions } from './reader-functions.ts';
import { createRecorder } from './record.ts';
import type { LedgerWorkerData } from './open.ts';
import { createDayOf } from '../../shared/period.ts';
import { createWriterFunctions } from './writer-functions.ts';

assert(parentPort, 'the ledger worker runs as a worker thread');
const data = workerData as LedgerWorkerData;
if (data.role === 'writer') serveWriter(parentPort, data);
else if (data.role === 'reader') serveReader(parentPort, data);
else serveKeeper(parentPort, data);

function serveWriter(port: MessagePort, { file, rules }: LedgerWorkerData): void {
  const db = openLedgerFile(file, 'write');
  const prices = createBookInForce(db, rules.book);
  const dayOf = createDayOf(rules.timeZone);
  const recorder = createRecorder(db, { dayOf, plan: rules.plan, book: prices.book });
  const functions: WorkerFunctions = createWriterFunctions(db, { recorder, prices });
  port.on('message', (message: { readonly apply?: ApplyBatch }) => {
    if (message.apply) port.postMessage({ applied: applySettles(db, recorder, message.apply) });
    else void answerCall(port, functions, message);
  });
}

/** The file is opened by the first question: the thread is started while the writer still makes or migrates it. */
function serveReader(port: MessagePort, { file }: LedgerWorkerData): void {
  let functions: WorkerFunctions | null = null;
  port.on('message', (message: unknown) => {
    functions ??= createReaderFunctions(openLedgerFile(file, 'read'));
    void answerCall(port, functions, message);
  });
}

/** It reads each page once: what it keeps of them in memory would serve nobody. */
const keeperCacheKibibytes = -2_048;

function serveKeeper(port: MessagePort, { file }: LedgerWorkerData): void {
  const db = openLedgerFile(file, 'read');
  db.pragma(`cache_size = ${keeperCacheKibibytes}`);
  const functions: WorkerFunctions = createKeeperFunctions(db, file);
  port.on('message', (message: unknown) => void answerCall(port, functions, message));
}
