/**
 * A crash run: start the engine, load it, kill it with SIGKILL at a random moment, start it again; at the end everything is compared. The moments, the
 * mix and the order of calls come from a seed; how far a call has got at such a moment is the machine's own. Every fifth kill falls into the start.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { exportCalls } from '../../main/ledger/read-export.ts';
import { verifyLedger } from '../../main/ledger/verify.ts';
import { seededFraction } from '../../main/sandbox/anthropic-faults.ts';
import type { Db } from '../../main/system/db.ts';
import { startFarSide, type FarSide } from './far-side.ts';
import { startLoad, type SeenCall } from './load.ts';
import { tally, type Tally } from './tally.ts';

export type CrashOptions = {
  readonly rounds: number;
  readonly seed: number;
  /** One line a round. */
  readonly say: (line: string) => void;
};

export type CrashResult = Tally & {
  readonly rounds: number;
  readonly seed: number;
  readonly killsInStart: number;
  /** What `verify` says. */
  readonly findings: readonly string[];
  /** Of the outbox: what the calls of all customers cost, less what their shares come to. */
  readonly unbilledNanoUsd: number;
};

const cli = join(import.meta.dirname, '../../main/cli.ts');
const clients = 12;
const loadMs = { least: 100, most: 900 };
const startKillMsMax = 500;

export async function runCrash({ rounds, seed, say }: CrashOptions): Promise<CrashResult> {
  const home = mkdtempSync(join(tmpdir(), 'tollkeeper-crash-'));
  const farSide = await startFarSide();
  // Two rows of chance: how many calls a round asks for depends on the machine, and must not move the next kill.
  const draw = createDraw(seed);
  const drawCall = createDraw(seed + 1);
  let named = 0;
  const nextName = () => `call-${named++}`;
  const complete: SeenCall[] = [];
  let killsInStart = 0;
  try {
    for (let round = 1; round <= rounds; round++) {
      const { child, proxyUrl } = startEngine(home, farSide);
      if (draw() < 0.2) {
        killsInStart += 1;
        await Promise.race([proxyUrl, pause(draw() * startKillMsMax)]);
        await kill(child);
        say(`round ${round}: killed while it started`);
        continue;
      }
      const load = startLoad({ proxyUrl: await proxyUrl, clients, nextName, draw: drawCall });
      await pause(loadMs.least + draw() * (loadMs.most - loadMs.least));
      await kill(child);
      await load.stop();
      complete.push(...load.complete);
      say(`round ${round}: ${load.asked()} calls asked, ${load.complete.length} seen complete, then killed`);
    }
    await endInOrder(home, farSide);
    return { ...compare(home, farSide, complete), rounds, seed, killsInStart };
  } finally {
    await farSide.close();
    rmSync(home, { recursive: true, force: true });
  }
}

function createDraw(seed: number): () => number {
  let drawn = 0;
  return () => seededFraction(seed, drawn++);
}

function startEngine(home: string, { url }: FarSide): { child: ChildProcess; proxyUrl: Promise<string> } {
  const flags = ['serve', '--json', '--home', home, '--port', '0', '--ui-port', '0', '--upstream', url];
  const child = spawn(process.execPath, [cli, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => {
    stderr += part.toString();
  });
  const proxyUrl = new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => resolve((JSON.parse(line.toString()) as { proxy: string }).proxy));
    child.once('exit', (code) => {
      if (code !== null) reject(new Error(`the engine ended by itself with code ${code}: ${stderr}`));
    });
  });
  // One that is killed in its start never answers; nobody waits for it then.
  proxyUrl.catch(() => {});
  return { child, proxyUrl };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** One more start settles what the last kill left, and an orderly end leaves nothing in flight. */
async function endInOrder(home: string, farSide: FarSide): Promise<void> {
  const { child, proxyUrl } = startEngine(home, farSide);
  await proxyUrl;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`the engine did not end in order: code ${code}`);
}

function compare(home: string, farSide: FarSide, complete: readonly SeenCall[]) {
  const db = openLedgerFile(join(home, ledgerFileName), 'read');
  try {
    const rows = [...exportCalls(db, { from: null, to: null })];
    const { findings } = verifyLedger(db);
    return {
      ...tally({ reached: farSide.reached(), served: farSide.served(), complete, rows }),
      findings: findings.map(({ check, sentence }) => `${check}: ${sentence}`),
      unbilledNanoUsd: unbilled(db),
    };
  } finally {
    db.close();
  }
}

/** Without a markup a share is its call's cost. */
function unbilled(db: Db): number {
  const sum = db.prepare<[], number>(
    `SELECT (SELECT COALESCE(SUM(cost_nano_usd), 0) FROM current_calls WHERE customer IS NOT NULL)
          - (SELECT COALESCE(SUM(amount_thousandths), 0) FROM outbox_shares)`,
  );
  return sum.pluck().get() ?? 0;
}

/** The last line of a run: figures first, trouble last. */
export function crashSummary(result: CrashResult): string {
  const { rounds, killsInStart, reached, seenComplete, lost, double, notComplete, wrongMoney, findings, seed } = result;
  return (
    `${rounds} rounds (${killsInStart} killed while starting), ${reached} calls served, ${seenComplete} seen complete by their client: ` +
    `${lost.length} lost, ${double.length} double, ${notComplete.length} not complete, ${wrongMoney.length} with wrong money, ` +
    `${findings.length} findings of verify, ${result.unbilledNanoUsd} nano-dollars unbilled (seed ${seed})`
  );
}

export function isClean({ lost, double, notComplete, wrongMoney, findings, unbilledNanoUsd }: CrashResult): boolean {
  return [...lost, ...double, ...notComplete, ...wrongMoney, ...findings].length === 0 && unbilledNanoUsd === 0;
}
