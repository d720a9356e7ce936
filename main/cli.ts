#!/usr/bin/env node
/**
 * Host 2: `tollkeeper <command>`, headless. The only file of this host that reads the environment and ends the process.
 * Exit codes: 0 done, 1 the answer is no, 2 bad usage, 3 failed; `run` ends with its command's own. Errors go to stderr as one sentence and a remedy, never as a stack.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';

import { CommanderError, type Command } from 'commander';

import { isAppError } from '../shared/contract/errors.ts';
import { writeLine, type ExitCode, type Host } from './commands/host.ts';
import { createProgram } from './commands/program.ts';
import { systemClock } from './system/clock.ts';
import { keepCompiledCode } from './system/code-cache.ts';
import { errorText } from './system/error-text.ts';
import { homeFolder } from './system/home-folder.ts';
import { systemIds } from './system/ids.ts';
import { quietStripe } from './system/quiet-stripe.ts';

const host: Host = {
  env: process.env,
  platform: process.platform,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  ids: systemIds,
  stopped: firstSignal,
  confirm: process.stdin.isTTY && process.stdout.isTTY ? confirm : null,
  rendererFolder: findRenderer(),
};

/** Anything but a yes is a no, and so is the end of the input. */
async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
  terminal.close();
  return /^y(?:es)?$/i.test(answer.trim());
}

/** npm hands on a Ctrl-C that the terminal has already given this process: a signal so soon after the first is the same one. */
const sameSignalMs = 1_000;

/** For `serve`, which alone asks for it: the first signal closes in order; a later one does not wait for it. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let askedAtMs: number | null = null;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const nowMs = systemClock.monotonicMs();
        if (askedAtMs !== null && nowMs - askedAtMs > sameSignalMs) process.exit(3);
        askedAtMs ??= nowMs;
        resolve();
      });
    }
  });
}

/** From source the build stands in out/renderer; in a build it stands beside out/main. */
function findRenderer(): string | null {
  const folders = [join(import.meta.dirname, '..', 'out', 'renderer'), join(import.meta.dirname, '..', 'renderer')];
  return folders.find((folder) => existsSync(join(folder, 'index.html'))) ?? null;
}

function prepare(command: Command): void {
  const { home: flag, demo } = command.opts<{ home?: string; demo?: boolean }>();
  keepCompiledCode(homeFolder({ flag, env: process.env, platform: process.platform, isDemo: demo === true }));
  // What `run` starts is handed this environment as it is; it loads no SDK.
  if (command.name() !== 'run') quietStripe(process.env);
}

function codeOf(error: unknown): ExitCode {
  // Help and version are asked for; everything else that commander throws is usage, which it has explained already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!isAppError(error)) {
    writeLine(
      process.stderr,
      `Tollkeeper failed: ${errorText(error)}. Please report it with the log of the home folder.`,
    );
    return 3;
  }
  writeLine(process.stderr, `${error.message} ${error.remedy}`);
  return error.code === 'bad_usage' || error.code === 'bad_settings' ? 2 : 3;
}

// The reader of a pipe (head, less) has seen enough: that is an end, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  const onDone = (code: number) => {
    process.exitCode = code;
  };
  await createProgram({ host, onDone, prepare }).parseAsync();
} catch (error) {
  process.exitCode = codeOf(error);
}
// Keep-alive sockets of the clients inside (SDKs) would hold the process open; everything is closed and written by now.
if (process.stdout.writableLength === 0) process.exit();
process.stdout.once('drain', () => process.exit());
