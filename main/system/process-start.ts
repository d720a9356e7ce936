/** Tells a process from a later one that was given the same id: by when it started. */
import { readFileSync } from 'node:fs';

/**
 * Linux: the boot's id and the clock ticks since boot at which the process started (field 22 of /proc/PID/stat; the name in field 2 may hold spaces
 * and brackets, so it counts from the last bracket). Null when there is no such process, and on every other platform.
 */
export function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return ticks === undefined ? null : `${boot} ${ticks}`;
  } catch {
    return null;
  }
}

/** Whether the process of this id runs and is the one that started then; an unknown start is believed. */
export function isSameProcess(pid: number, start: string | null): boolean {
  return exists(pid) && (start === null || processStart(pid) === start);
}

/** Signal 0 asks whether a process exists without touching it. EPERM: it exists and is another user's. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
