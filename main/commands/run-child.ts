/**
 * Runs a command in the place of this process, as far as a child can: it has our terminal, our streams and our environment, gets the signals that we
 * get, and its end is ours. We stay until it has ended, whatever we are told meanwhile; only a SIGKILL cannot be passed on.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, statSync } from 'node:fs';
import { constants } from 'node:os';

import { errorText } from '../system/error-text.ts';
import type { Environment } from '../system/home-folder.ts';
import { windowsCommand, type StartLine } from './windows-command.ts';

export type ChildQuestion = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** It runs. */
  readonly onStart: () => void;
};

export type ChildEnd =
  | { readonly kind: 'ended'; readonly exitCode: number }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_started'; readonly reason: string };

const passedAlways = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal gives these to everyone who runs in it; passed on as well, the child would hear each twice. */
const givenByTerminal = ['SIGINT', 'SIGQUIT'] as const;

export function runChild({ command, args, env, platform, onStart }: ChildQuestion): Promise<ChildEnd> {
  const line = platform === 'win32' ? windowsCommand(command, args, env, isFile) : { file: command, args };
  return line === null
    ? Promise.resolve({ kind: 'not_found' })
    : start({ isVerbatim: false, ...line }, env, platform, onStart);
}

function start(
  { file, args, isVerbatim }: StartLine,
  env: Environment,
  platform: NodeJS.Platform,
  onStart: () => void,
): Promise<ChildEnd> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: 'inherit', env, windowsVerbatimArguments: isVerbatim });
    const stopListening = listen(platform, (signal) => child.kill(signal));
    const end = (result: ChildEnd) => {
      stopListening();
      resolve(result);
    };
    child.once('spawn', onStart);
    child.once('error', (error: NodeJS.ErrnoException) => {
      // One that could not be sent a signal is no end.
      if (child.pid !== undefined) return;
      end(error.code === 'ENOENT' ? { kind: 'not_found' } : { kind: 'not_started', reason: errorText(error) });
    });
    child.once('exit', (code, signal) => end({ kind: 'ended', exitCode: exitCodeOf(code, signal) }));
  });
}

/** As shells have it: 128 and the number of the signal. */
function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return signal === null ? (code ?? 0) : 128 + constants.signals[signal];
}

/** Every signal is heard, so that none of them ends this process before the child. Returns what ends it. */
function listen(platform: NodeJS.Platform, pass: (signal: NodeJS.Signals) => void): () => void {
  const hasTerminal = platform === 'win32' || hasControllingTerminal();
  const listeners = [...passedAlways, ...givenByTerminal].map((signal) => {
    const isPassed = !hasTerminal || !givenByTerminal.some((given) => given === signal);
    const listener = () => {
      if (isPassed) pass(signal);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const stop of listeners) stop();
  };
}

function hasControllingTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
