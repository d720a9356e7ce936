/**
 * The same load against several targets in turns (A B C, A B C…), so that a machine that drifts drifts for all. Each target is warmed first, and
 * ratios are made round by round. With it the processor time that target, upstream and load took, where the kernel tells.
 */
import type { Load, LoadResult } from './load.ts';
import type { Processes } from './processes.ts';
import { processorTimeOf } from './processor-time.ts';
import type { MeasureOptions } from './section.ts';
import { fixed, median } from './statistics.ts';
import { basePipeName, tollkeeperName, type Target } from './targets.ts';

export type Measured = LoadResult & {
  /** Microseconds of processor time per call; null where it is not known. */
  readonly processorUs: { readonly target: number; readonly upstream: number; readonly load: number } | null;
};
export type Comparison = { readonly targets: readonly Target[]; readonly rounds: ReadonlyMap<string, Measured[]> };

export type ComparisonWish = {
  readonly processes: Processes;
  readonly upstream: Target;
  readonly targets: readonly Target[];
  readonly load: Omit<Load, 'port' | 'headers'>;
  readonly label: string;
};

export const plainLoad: Omit<Load, 'port' | 'headers'> = {
  connections: 16,
  until: { seconds: 3 },
  kind: 'json',
  callsPerSecond: null,
  paceMs: null,
  bodyBytes: 1_000,
};

const warmUpSeconds = 1;

export async function compare(wish: ComparisonWish, { rounds, say }: MeasureOptions): Promise<Comparison> {
  const { processes, targets, load, label } = wish;
  const measured = new Map(targets.map(({ name }) => [name, [] as Measured[]]));
  for (const { port, headers } of targets)
    await processes.applyLoad({ ...load, port, headers, until: { seconds: warmUpSeconds } });
  for (let round = 1; round <= rounds; round++) {
    const words: string[] = [];
    for (const target of targets) {
      const result = await measure(wish, target);
      measured.get(target.name)?.push(result);
      words.push(`${target.name} ${fixed(result.calls / result.seconds, 0)}/s`);
    }
    say(`${label}, round ${round} of ${rounds}: ${words.join(', ')}`);
  }
  return { targets, rounds: measured };
}

async function measure({ processes, upstream, load }: ComparisonWish, target: Target): Promise<Measured> {
  const pids = { target: target.pid, upstream: upstream.pid, load: processes.loadPid() };
  const before = secondsOf(pids);
  const result = await processes.applyLoad({ ...load, port: target.port, headers: target.headers });
  const after = secondsOf(pids);
  if (before === null || after === null) return { ...result, processorUs: null };
  const spent = (who: keyof typeof pids) => ((after[who] - before[who]) / result.calls) * 1e6;
  return {
    ...result,
    processorUs: { target: spent('target'), upstream: spent('upstream'), load: spent('load') },
  };
}

function secondsOf(pids: { target: number; upstream: number; load: number }) {
  const [target, upstream, load] = [pids.target, pids.upstream, pids.load].map((pid) => processorTimeOf(pid)?.seconds);
  return target === undefined || upstream === undefined || load === undefined ? null : { target, upstream, load };
}

export function ratesOf({ rounds }: Comparison, name: string): number[] {
  return (rounds.get(name) ?? []).map(({ calls, seconds }) => calls / seconds);
}

/** Round by round against another target. */
export function ratiosOf(comparison: Comparison, name: string, to = basePipeName): number[] {
  const base = ratesOf(comparison, to);
  return ratesOf(comparison, name).map((rate, round) => rate / (base[round] ?? Number.NaN));
}

/** Load and upstream alone must do several times what is measured, or they would be what is measured. */
export function roomSentence(comparison: Comparison, fastest: string): string {
  const direct = median(ratesOf(comparison, 'direct'));
  const times = (name: string) => fixed(direct / median(ratesOf(comparison, name)), 1);
  const busy = median((comparison.rounds.get(tollkeeperName) ?? []).map((round) => round.processorUs?.upstream ?? NaN));
  const share = Number.isFinite(busy)
    ? ` Under Tollkeeper's load the upstream took ${fixed(busy, 0)} µs of processor time per call.`
    : '';
  return `Load and upstream alone do ${times(tollkeeperName)} times as many calls as through Tollkeeper and ${times(fastest)} times as many as through the ${fastest}: neither is what is measured.${share}`;
}
