/**
 * Notices that a file was written, made or removed, whoever did it. Looks at its size and times every two seconds: the notifications of operating systems
 * differ, and fail on network folders. Says nothing of what changed; a write that changes nothing is told, too.
 */
import { statSync } from 'node:fs';

import type { Clock } from '../system/clock.ts';

export type FileWatch = { readonly close: () => void };

export const lookEveryMs = 2_000;

/** The first look is told as well, so that nothing is missed between reading the file and watching it. */
export function watchFile(file: string, clock: Clock, onChange: () => void): FileWatch {
  let last: string | null = null;
  let timer = clock.after(lookEveryMs, look);

  function look(): void {
    const now = marksOf(file);
    if (now !== last) onChange();
    last = now;
    timer = clock.after(lookEveryMs, look);
  }

  return { close: () => timer.cancel() };
}

function marksOf(file: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file);
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    // There is none, or none that may be seen; reading it says which.
    return 'none';
  }
}
