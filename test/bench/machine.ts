/** What a figure was measured on: it means nothing without. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

import { openDatabase } from '../../main/system/db.ts';
import { cacheFolder, root } from './processes.ts';
import { fixed, median, percentile } from './statistics.ts';

const fsyncs = 200;

/** In one line: processor, memory, system, versions, and how long this disk takes for an fsync. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const db = openDatabase(':memory:', 'write');
  const sqlite = String(db.prepare('SELECT sqlite_version()').pluck().get());
  db.close();
  return [
    `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${process.platform} ${release()}`,
    `Node ${process.versions.node}, undici ${dependencies['undici']}, SQLite ${sqlite}`,
    `fsync of 4 KB ${describeFsync()}`,
  ].join('; ');
}

function describeFsync(): string {
  mkdirSync(cacheFolder, { recursive: true });
  const file = join(cacheFolder, `fsync-${process.pid}`);
  const handle = openSync(file, 'w');
  const block = Buffer.alloc(4_096, 1);
  const timesMs = Array.from({ length: fsyncs }, (_, index) => {
    const startedAtMs = performance.now();
    writeSync(handle, block, 0, block.length, index * block.length);
    fsyncSync(handle);
    return performance.now() - startedAtMs;
  });
  closeSync(handle);
  rmSync(file);
  return `${fixed(median(timesMs), 2)} ms (p99 ${fixed(percentile(timesMs, 0.99), 2)} ms)`;
}
