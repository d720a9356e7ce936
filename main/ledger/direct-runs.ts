/**
 * Commands that `tollkeeper run` started without the proxy, so that their calls are in no ledger: a small file of lines in the home folder, since there
 * may be no engine, no lock to be had and no ledger yet. Told by the dashboard and by `doctor`. Holds no SQL.
 *
 * A line says that a run began, a second one of the same id that it ended; one without an end still runs, or was killed. Lines are only appended, so
 * several runs at once lose nothing; a file that has grown is cut to its newest runs. A line that a crash cut short is passed over.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { Clock } from '../system/clock.ts';
import { gapShownMs } from './gaps.ts';

export type DirectRun = {
  readonly id: string;
  readonly fromMs: number;
  /** Null while it runs, and for one that was killed. */
  readonly toMs: number | null;
  /** The command's name alone: its folder and its arguments are nobody's business. */
  readonly command: string;
  /** Why it did not go through the proxy: "Tollkeeper does not run". */
  readonly reason: string;
};

const fileName = 'direct-runs.jsonl';
const fileBytesMax = 64 * 1024;
const runsKept = 100;
const nameLengthMax = 60;
/** The dashboard's picture is drawn ten times a second. */
const readEveryMs = 5_000;

export const directRunRemedy =
  'Run `tollkeeper import claude-code` for what Claude Code noted; other clients keep no record, so compare these days with Anthropic’s usage report.';

export function commandName(command: string): string {
  return basename(command.replaceAll('\\', '/'))
    .replaceAll(/\p{Cc}/gu, '')
    .slice(0, nameLengthMax);
}

/** Makes the home folder where there is none. @throws the file system's error. */
export function noteDirectRun(home: string, run: DirectRun): void {
  const file = join(home, fileName);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > fileBytesMax) {
    const kept = readDirectRuns(home).slice(-runsKept);
    writeFileSync(`${file}.${run.id}`, kept.map(lineOf).join(''), { mode: 0o600 });
    renameSync(`${file}.${run.id}`, file);
  }
  appendFileSync(file, lineOf(run), { mode: 0o600 });
}

function lineOf(run: DirectRun): string {
  return `${JSON.stringify(run)}\n`;
}

/** In the order in which they began. */
export function readDirectRuns(home: string): DirectRun[] {
  const runs = new Map<string, DirectRun>();
  for (const line of textOf(join(home, fileName)).split('\n')) {
    const run = parse(line);
    if (run) runs.set(run.id, run);
  }
  return [...runs.values()];
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Nothing ever ran without the proxy, or this user may not know of it.
    return '';
  }
}

function parse(line: string): DirectRun | null {
  try {
    const run = JSON.parse(line) as Partial<DirectRun> | null;
    const isWhole =
      typeof run?.id === 'string' &&
      typeof run.fromMs === 'number' &&
      (run.toMs === null || typeof run.toMs === 'number') &&
      typeof run.command === 'string' &&
      typeof run.reason === 'string';
    return isWhole ? (run as DirectRun) : null;
  } catch {
    return null;
  }
}

/** The newest of the last 30 days in a sentence, and how many there were besides; null when there was none. */
export function directRunsText(runs: readonly DirectRun[], nowMs: number): string | null {
  const shown = runs.filter(({ fromMs, toMs }) => nowMs - (toMs ?? fromMs) < gapShownMs);
  const last = shown.at(-1);
  if (last === undefined) return null;
  const { fromMs, toMs, command, reason } = last;
  const when = toMs === null ? `since ${minute(fromMs)}` : `from ${minute(fromMs)} to ${minute(toMs)}`;
  const others = shown.length - 1;
  const before = others === 0 ? '' : others === 1 ? ' One more ran so before.' : ` ${others} more ran so before.`;
  return `${command} ran without the proxy ${when} because ${reason}: its calls are missing from the ledger.${before}`;
}

function minute(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** The same for a dashboard, which asks often: the file is looked at again after some seconds. */
export function watchDirectRuns(home: string, clock: Clock): () => string | null {
  let readAtMs = -Infinity;
  let runs: readonly DirectRun[] = [];
  return () => {
    if (clock.monotonicMs() - readAtMs >= readEveryMs) {
      readAtMs = clock.monotonicMs();
      runs = readDirectRuns(home);
    }
    return directRunsText(runs, clock.nowMs());
  };
}
