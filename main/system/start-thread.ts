/**
 * Starts a worker thread whose entry stands beside the file that asks for it, as source (.ts) or built (.js).
 * A scar: from source each thread strips types by WebAssembly, and V8 13.6 now and then takes the whole process down when the wrappers of such imports are
 * compiled anew in one thread and let go in another (SIGTRAP in `ThreadIsolation::UnregisterWasmAllocation`; https://github.com/nodejs/node/issues/64500).
 * They are therefore left as they are. What is built strips no types.
 * Another: a `--max-semi-space-size` that the process was started with goes before a thread's own `resourceLimits`, so a ledger's thread took three times
 * 16 MB it had no use for, and the engine's memory rose for 150,000 calls. It is for the main thread, which has read it by now.
 */
import { extname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** So many calls of an import before its wrapper is compiled anew: more than any process makes. */
const neverTierUp = '--wasm-wrapper-tiering-budget=2000000000';

/** None for the process: each thread's `resourceLimits` hold. */
const youngAsEachThreadSays = '--max-semi-space-size=0';

/** `askedBy` is the caller's `import.meta.url`. */
export function startThread(askedBy: string, entryName: string, options: WorkerOptions): Worker {
  const extension = extname(askedBy);
  if (extension === '.ts') setFlagsFromString(neverTierUp);
  setFlagsFromString(youngAsEachThreadSays);
  return new Worker(new URL(`./${entryName}${extension}`, askedBy), options);
}
