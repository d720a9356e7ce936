/** The layers of the tests as vitest projects; test/run.ts runs them one after another and adds them up. */
import { join } from 'node:path';

import { defineConfig } from 'vitest/config';

/** Real sockets, real files, real browsers: a test gets time, a hung one does not hang the run. */
const timeoutsMs: Readonly<Record<string, number>> = {
  unit: 10_000,
  property: 60_000,
  flow: 60_000,
  fault: 120_000,
  recorded: 120_000,
  ui: 120_000,
  electron: 120_000,
};

export const layers = Object.keys(timeoutsMs);

/** A killed engine is one more fault: its rounds stand in the same table. Weeks of random faults hold for any sequence, as properties do. */
const furtherFolders: Readonly<Record<string, readonly string[]>> = { fault: ['crash'], property: ['soak'] };

/** The engines that tests start, each in a home of its own, share what was compiled of them: half of a start from source. */
const codeFolder = join(import.meta.dirname, 'node_modules', '.cache', 'tests-code');

export default defineConfig({
  test: {
    projects: layers.map((layer) => ({
      test: {
        name: layer,
        include: [layer, ...(furtherFolders[layer] ?? [])].map((folder) => `test/${folder}/**/*.test.ts`),
        testTimeout: timeoutsMs[layer] ?? 10_000,
        hookTimeout: timeoutsMs[layer] ?? 10_000,
        pool: 'forks' as const,
        // Processes of one file each share two cores with the engines and browsers they start.
        maxWorkers: layer === 'electron' ? 1 : 2,
        fileParallelism: layer !== 'electron',
        env: { TZ: 'UTC', NODE_COMPILE_CACHE: codeFolder },
      },
    })),
  },
});
