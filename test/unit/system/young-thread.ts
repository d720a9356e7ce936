/**
 * Run by Node, it starts itself as a thread that may have 6 MB of young objects and prints how many bytes V8 gave them once many had come and gone. Must
 * not be imported.
 */
import { getHeapSpaceStatistics } from 'node:v8';
import { isMainThread, parentPort } from 'node:worker_threads';

import { startThread } from '../../../main/system/start-thread.ts';

/** Some survive each collection, which is what lets V8 grow the space; 5,000,000 objects are some 100 MB. */
function makeYoungObjects(): number {
  let kept: object[] = [];
  for (let made = 0; made < 5_000_000; made += 1) {
    kept.push({ made });
    if (kept.length > 60_000) kept = [];
  }
  return kept.length;
}

if (isMainThread) {
  const thread = startThread(import.meta.url, 'young-thread', { resourceLimits: { maxYoungGenerationSizeMb: 6 } });
  thread.once('message', (youngBytes: number) => process.stdout.write(`${youngBytes}\n`));
} else {
  makeYoungObjects();
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  parentPort?.postMessage(young?.space_size ?? -1);
}
