/** Runs a command as a whole process and tells what it took: wall time from its start to its end, and its peak memory where the system tells it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

export type ProcessRun = {
  readonly ms: number;
  /** Null where there is no /proc. */
  readonly peakMegabytes: number | null;
  readonly stdout: string;
};

const lookEveryMs = 20;

/** @throws Error with what it wrote to stderr when it fails: a bench of failures measures nothing. */
export async function runProcess(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<ProcessRun> {
  const [program, ...args] = command;
  const startedMs = performance.now();
  const child = spawn(program, args, { env: { ...process.env, TZ: 'UTC', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let peakKibibytes = 0;
  // The high-water mark only grows, so a look every now and then finds it.
  const looks = setInterval(() => (peakKibibytes = peakOf(child.pid) ?? peakKibibytes), lookEveryMs);
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => out.push(data));
  child.stderr.on('data', (data: Buffer) => errors.push(data));
  const [code] = (await once(child, 'close')) as [number | null];
  const ms = performance.now() - startedMs;
  clearInterval(looks);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${Buffer.concat(errors).toString()}`);
  const peakMegabytes = peakKibibytes === 0 ? null : (peakKibibytes * 1_024) / 1e6;
  return { ms, peakMegabytes, stdout: Buffer.concat(out).toString() };
}

function peakOf(pid: number | undefined): number | null {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found?.[1] === undefined ? null : Number(found[1]);
  } catch {
    // Another system, or the process has just ended.
    return null;
  }
}
