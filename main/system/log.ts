/**
 * The log: JSON lines through pino, to a file in the home folder that is turned over at a size limit, or nowhere.
 * Promises that every line passes `redact`. Bodies, prompts and keys are never handed to it.
 * error = someone should look; warn = degraded but handled; info = a change of state; debug = per call.
 */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { pino } from 'pino';

import { redact } from './redact.ts';

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export type Log = {
  readonly error: (event: string, fields?: LogFields) => void;
  readonly warn: (event: string, fields?: LogFields) => void;
  readonly info: (event: string, fields?: LogFields) => void;
  readonly debug: (event: string, fields?: LogFields) => void;
  /** A log whose lines carry the room they come from. */
  readonly room: (name: string) => Log;
  /** The last call before exit. */
  readonly close: () => void;
};

/** One old file is kept beside the current one: 16 MiB of log on disk at most, turned over at start. */
const logFileBytesMax = 8 * 1024 * 1024;

/** A disk that cannot be written stops no engine: without its log's file it runs silent, and a line that finds no room is lost. */
export function openFileLog(file: string): Log {
  try {
    turnOver(file);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Written at once: lines are few (changes of state), and the last ones before an exit are those that are wanted.
    const destination = pino.destination({ dest: file, sync: true });
    destination.on('error', () => {});
    return wrap(pino({ level: 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination), () =>
      destination.end(),
    );
  } catch {
    return silentLog;
  }
}

export const silentLog: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  room: () => silentLog,
  close: () => {},
};

function turnOver(file: string): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > logFileBytesMax) renameSync(file, `${file}.1`);
}

type Pino = ReturnType<typeof pino>;

function wrap(logger: Pino, close: () => void): Log {
  const write = (level: 'error' | 'warn' | 'info' | 'debug') => (event: string, fields?: LogFields) =>
    logger[level](redactFields(fields), redact(event));
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    room: (name) => wrap(logger.child({ room: name }), close),
    close,
  };
}

function redactFields(fields: LogFields = {}): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? redact(value) : value]),
  );
}
