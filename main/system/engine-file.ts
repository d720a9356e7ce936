/**
 * The small file by which a command finds the engine that runs on a home folder: its addresses, its process and the dashboard's token.
 * Readable by its owner only. A file whose process is gone says nothing.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isSameProcess, processStart } from './process-start.ts';

export type EngineFile = {
  readonly pid: number;
  /** Tells it from a later process of the same id; null where it cannot be read. */
  readonly processStart: string | null;
  readonly proxyUrl: string;
  readonly dashboardUrl: string;
  readonly token: string;
};

const fileName = 'engine.json';

/** For this process. */
export function writeEngineFile(home: string, addresses: Omit<EngineFile, 'pid' | 'processStart'>): void {
  const content: EngineFile = { pid: process.pid, processStart: processStart(process.pid), ...addresses };
  writeFileSync(join(home, fileName), JSON.stringify(content), { mode: 0o600 });
}

export function removeEngineFile(home: string): void {
  rmSync(join(home, fileName), { force: true });
}

/** Null when no engine runs on this home folder. */
export function readEngineFile(home: string): EngineFile | null {
  const content = readLastEngineFile(home);
  return content !== null && isSameProcess(content.pid, content.processStart ?? null) ? content : null;
}

/** What an engine left that was killed, too. */
export function readLastEngineFile(home: string): EngineFile | null {
  try {
    return JSON.parse(readFileSync(join(home, fileName), 'utf8')) as EngineFile;
  } catch {
    // No file, or one cut short by a crash: there is no engine to speak to.
    return null;
  }
}
