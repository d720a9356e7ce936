/** What a thread may take of memory, however the process was started. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const host = join(import.meta.dirname, 'young-thread.ts');

test('a thread keeps to its own limit of young objects where the process was started with a larger one', async () => {
  const { stdout } = await run(process.execPath, ['--max-semi-space-size=16', host]);
  const youngBytes = Number(stdout);
  expect(youngBytes).toBeGreaterThan(0);
  expect(youngBytes).toBeLessThanOrEqual(6 * 1024 * 1024);
});
