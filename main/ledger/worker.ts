/**
 * The entry of the ledger's worker threads. One is the writer (commits batches, seals the outbox), one the reader (serves the dashboard),
 * so that a month view never holds up a begin, and the proxy's loop never waits for the disk. The keeper comes for a backup or a check and goes.
 * SQLite's fault of writers that checkpoint beside each other (fixed in 3.51.3) cannot occur: only the writer writes.
 */
import assert from 'node:assert/strict';
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';

import type { Db } from '../system/db.ts';
import { answerCall, type WorkerFunctions } from '../system/worker-calls.ts';
import { createBookInForce } from './book-in-force.ts';
import { commitTogether, type WriteBatch } from './group-commit.ts';
import { openLedgerFile } from './ledger-file.ts';
import { createKeeperFunctions } from './keeper-functions.ts';
import { createReaderFunctions } from './reader-functions.ts';
import { createRecorder } from './record.ts';
import type { ClosingFunctions, LedgerWorkerData } from './open.ts';
import { createDayOf } from '../../shared/period.ts';
import { createWriterFunctions } from './writer-functions.ts';

/** Batches that share one transaction at most; keeps a commit, and so a begin's wait, short. */
const batchesPerCommitMax = 512;

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
  port.on('message', (first: unknown) => {
    const { batches, others } = gather(port, first);
    if (batches.length > 0) port.postMessage({ commit: commitTogether(db, recorder, batches) });
    for (const other of others) void answerThenEnd(port, functions, other, db);
  });
}

/** Takes what has arrived meanwhile, so that it shares one commit. Questions keep their order behind the writes before them. */
function gather(port: MessagePort, first: unknown): { batches: WriteBatch[]; others: unknown[] } {
  const batches: WriteBatch[] = [];
  const others: unknown[] = [];
  let message: unknown = first;
  for (;;) {
    const batch = (message as { batch?: WriteBatch }).batch;
    if (batch) batches.push(batch);
    else others.push(message);
    if (batches.length >= batchesPerCommitMax || others.length > 0) break;
    const next = receiveMessageOnPort(port);
    if (!next) break;
    message = next.message;
  }
  return { batches, others };
}

function serveReader(port: MessagePort, { file }: LedgerWorkerData): void {
  const db = openLedgerFile(file, 'read');
  const functions: WorkerFunctions = { ...createReaderFunctions(db), ...closing(db) };
  port.on('message', (message: unknown) => void answerThenEnd(port, functions, message, db));
}

function closing(db: Db): ClosingFunctions {
  return { close: () => void db.close() };
}

/**
 * A thread whose file was closed ends by itself, once it has said so. It is not terminated: a thread that is cut off inside the database's driver can
 * take the process with it.
 */
async function answerThenEnd(port: MessagePort, functions: WorkerFunctions, message: unknown, db: Db): Promise<void> {
  await answerCall(port, functions, message);
  if (!db.open) port.close();
}

/** It reads each page once: what it keeps of them in memory would serve nobody. */
const keeperCacheKibibytes = -2_048;

function serveKeeper(port: MessagePort, { file }: LedgerWorkerData): void {
  const db = openLedgerFile(file, 'read');
  db.pragma(`cache_size = ${keeperCacheKibibytes}`);
  const functions: WorkerFunctions = { ...createKeeperFunctions(db, file), ...closing(db) };
  port.on('message', (message: unknown) => void answerThenEnd(port, functions, message, db));
}
