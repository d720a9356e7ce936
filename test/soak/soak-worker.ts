/** A thread of the soak: rounds as it is asked for them, one at a time. */
import { parentPort } from 'node:worker_threads';

import { soakRound, type RoundSize } from './soak-round.ts';

export type RoundQuestion = { readonly seed: number; readonly size: RoundSize };

parentPort?.on('message', ({ seed, size }: RoundQuestion) => {
  void soakRound(seed, size).then((result) => parentPort?.postMessage(result));
});
