/** Processor time of a process, as the kernel counts it: how much of a round's time went where. Linux only; elsewhere nothing is said. */
import { readdirSync, readFileSync } from 'node:fs';

/** Jiffies a second, fixed at 100 for /proc on Linux. */
const ticksPerSecond = 100;

export type ProcessorTime = {
  readonly seconds: number;
  /** Seconds of each thread by its id; the main thread's id is the process's. */
  readonly threads: ReadonlyMap<number, number>;
};

export function processorTimeOf(pid: number): ProcessorTime | null {
  try {
    const ids = readdirSync(`/proc/${pid}/task`).map(Number);
    const threads = new Map(ids.map((id) => [id, secondsOf(`/proc/${pid}/task/${id}/stat`)]));
    return { seconds: secondsOf(`/proc/${pid}/stat`), threads };
  } catch {
    // Another platform, or the process is gone.
    return null;
  }
}

/** proc(5): fields 14 and 15 are user and system time; the name before them may hold spaces, so counting starts behind it. */
function secondsOf(file: string): number {
  const text = readFileSync(file, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
