/** A thread of the soak: rounds as it is asked for them, one at a time. */
import { parentPort } from 'node:worker_threads';

import { soakRound, type RoundResult, type RoundSize } from './soak-round.ts';

export type RoundQuestion = { readonly seed: number; readonly size: RoundSize };

const framesMax = Error.stackTraceLimit;

parentPort?.on('message', ({ seed, size }: RoundQuestion) => {
  void runRound(seed, size).then((result) => parentPort?.postMessage(result));
});

/** The SDK writes down with each request from where it was asked, a tenth of a round: a round that throws is run again by its seed to say where. */
async function runRound(seed: number, size: RoundSize): Promise<RoundResult> {
  try {
    Error.stackTraceLimit = 0;
    return await soakRound(seed, size);
  } catch {
    Error.stackTraceLimit = framesMax;
    return soakRound(seed, size);
  }
}
