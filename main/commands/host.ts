/** What a command is given of its surroundings, so that it can be run by the CLI and by a test alike. */
import type { Writable } from 'node:stream';

import type { Clock } from '../system/clock.ts';
import type { Ids } from '../system/ids.ts';
import type { Environment } from '../system/home-folder.ts';

export type Host = {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Resolves with the first SIGINT or SIGTERM. */
  readonly stopped: () => Promise<void>;
  /** Asks yes or no on the terminal; null or absent where there is none to ask on. */
  readonly confirm?: ((question: string) => Promise<boolean>) | null;
  /** Built dashboard to serve, or null when it is not built. */
  readonly rendererFolder: string | null;
};

/** 0 done, 1 the answer is no, 2 bad usage, 3 failed (design, section 5). */
export type ExitCode = 0 | 1 | 2 | 3;

export type Command = (host: Host) => Promise<ExitCode>;

/** Stands above everything that is printed from a demo's ledger. */
export const demoLabel = 'DEMO DATA';

export function writeLine(stream: Writable, line = ''): void {
  stream.write(`${line}\n`);
}
