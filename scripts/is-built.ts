/** Whether what was built is newer than everything it was built from. Looks at times only; a folder's own time tells of files taken away. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export type BuildQuestion = {
  /** The last file that each part of the build writes. */
  readonly results: readonly string[];
  /** Files, and folders with all that is in them. */
  readonly sources: readonly string[];
};

export function isBuilt({ results, sources }: BuildQuestion): boolean {
  const builtAtMs = Math.min(...results.map((file) => changedAtMs(file) ?? 0));
  return sources.every((source) => newestMs(source) < builtAtMs);
}

function newestMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

function changedAtMs(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
