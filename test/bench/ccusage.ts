/**
 * ccusage, the peer that the import is measured against: fetched from npm into a cache folder by the bench alone, never a dependency. Its binary is run
 * itself, without the script around it, offline by its own flag and on a named config folder.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { ModelSums } from './import-differences.ts';

/** The newest whose Linux binary is on npm. */
export const ccusageVersion = '20.0.24';

export type Ccusage =
  | { readonly kind: 'fetched'; readonly binary: string }
  | { readonly kind: 'absent'; readonly reason: string };

const fetchTimeoutMs = 120_000;

/** Fetched once; `cacheFolder` keeps it for the next time. */
export async function fetchCcusage(cacheFolder: string): Promise<Ccusage> {
  const folder = join(cacheFolder, `ccusage-${ccusageVersion}`);
  // Its package names one optional package for each platform; only the machine's own is installed.
  const name = `@ccusage/ccusage-${process.platform}-${process.arch}`;
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'ccusage.exe' : 'ccusage');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    try {
      const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
      await promisify(execFile)(npm, [...args, `ccusage@${ccusageVersion}`], { timeout: fetchTimeoutMs });
    } catch {
      return { kind: 'absent', reason: `ccusage ${ccusageVersion} could not be fetched from npm` };
    }
  }
  if (!existsSync(binary)) return { kind: 'absent', reason: `ccusage ${ccusageVersion} has no binary for ${name}` };
  chmodSync(binary, 0o755);
  return { kind: 'fetched', binary };
}

export const ccusageArguments: readonly string[] = ['claude', 'daily', '--json', '--offline', '--timezone', 'UTC'];

type Breakdown = {
  readonly modelName: string;
  readonly inputTokens: number;
  readonly cacheCreationTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
  readonly cost: number;
};

/** What it printed, by model. A fast call is told under a name of its own there. */
export function ccusageSums(printed: string): Map<string, ModelSums> {
  const { daily } = JSON.parse(printed) as { daily: readonly { modelBreakdowns: readonly Breakdown[] }[] };
  const sums = new Map<string, ModelSums>();
  for (const part of daily.flatMap((day) => day.modelBreakdowns)) {
    const model = part.modelName.replace(/-fast$/, '');
    const known = sums.get(model);
    sums.set(model, {
      inputTokens: (known?.inputTokens ?? 0) + part.inputTokens,
      cacheWriteTokens: (known?.cacheWriteTokens ?? 0) + part.cacheCreationTokens,
      cacheReadTokens: (known?.cacheReadTokens ?? 0) + part.cacheReadTokens,
      outputTokens: (known?.outputTokens ?? 0) + part.outputTokens,
      costUsd: (known?.costUsd ?? 0) + part.cost,
    });
  }
  return sums;
}
