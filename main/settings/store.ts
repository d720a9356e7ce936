/**
 * The settings file: read with every key checked, written whole and durably (a temporary file takes its place). Flags and environment variables win over
 * the file and are never written into it. Holds no secrets.
 *
 * Somebody may edit the file by hand while an engine runs: it is read again before it is written, so that no edit is lost, and one that cannot be used
 * is never overwritten. One process writes it at a time: the engine, or a command that holds the home folder where none runs.
 */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { LowSync, type SyncAdapter } from 'lowdb';
import { z } from 'zod';

import { AppError } from '../../shared/contract/errors.ts';
import { settingsSchema, type Settings } from '../../shared/contract/settings.ts';
import { renameDurably } from '../system/durable-file.ts';
import { errorText } from '../system/error-text.ts';

export const settingsFileName = 'settings.json';

/** What flags and environment variables say; undefined leaves the file's word. */
export type SettingsOverrides = { readonly [Key in Exclude<keyof Settings, 'limits'>]?: Settings[Key] | undefined } & {
  readonly limits?: LimitsOverrides;
};
export type LimitsOverrides = { readonly [Key in keyof Settings['limits']]?: Settings['limits'][Key] | undefined };

export type SettingsRead = {
  /** With defaults for what the file does not name. */
  readonly inFile: Settings;
  /** With flags and environment. */
  readonly settings: Settings;
};

export type SettingsStore = {
  /** As they were when the store was opened, with flags and environment. */
  readonly settings: Settings;
  readonly file: string;
  readonly overrides: SettingsOverrides;
  /** What the file says now. @throws AppError `bad_settings` that names the key and the file. */
  readonly read: () => SettingsRead;
  /**
   * `change` is given what the file says now; the keys it does not name stay as they are.
   * @throws what `change` throws; AppError `bad_settings` where the file cannot be used, `engine_failed` where it cannot be written: it is as it was then.
   */
  readonly save: (change: (inFile: Settings) => Partial<Settings>) => SettingsRead;
};

type Content = Readonly<Record<string, unknown>>;

/** @throws AppError `bad_settings` that names the key and the file. */
export function openSettings(home: string, overrides: SettingsOverrides): SettingsStore {
  const file = join(home, settingsFileName);
  const db = new LowSync<Content>(settingsFile(file), {});

  function content(): Content {
    // lowdb keeps the last content where there is no file any more.
    db.data = {};
    db.read();
    return withoutOldKeys(db.data);
  }

  function read(): SettingsRead {
    const data = content();
    return { inFile: check(data, file), settings: withOverrides(data, overrides, file) };
  }

  return {
    ...read(),
    file,
    overrides,
    read,
    save: (change) => {
      const data = content();
      const next = { ...data, ...change(check(data, file)) };
      const told = { inFile: check(next, file), settings: withOverrides(next, overrides, file) };
      db.data = next;
      db.write();
      return told;
    },
  };
}

function withOverrides(data: Content, { limits = {}, ...others }: SettingsOverrides, file: string): Settings {
  // A variable names one limit; the others are the file's.
  const allLimits = isObject(data['limits']) ? { ...data['limits'], ...stated(limits) } : data['limits'];
  return check({ ...data, ...stated(others), limits: allLimits ?? stated(limits) }, file);
}

function stated(overrides: Content): Record<string, unknown> {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

/** Version 0.1 had the context limit as a key of its own, `contextLimit`: it goes on as the limit unless `limits` names one. */
function withoutOldKeys({ contextLimit, ...data }: Content): Content {
  if (contextLimit === undefined) return data;
  const limits = data['limits'] ?? {};
  return isObject(limits) ? { ...data, limits: { contextLimitTokens: contextLimit, ...limits } } : data;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Not lowdb's own adapter, which leaves the flush to the system, and under NODE_ENV=test reads no file. */
function settingsFile(file: string): SyncAdapter<Content> {
  return {
    read: () => {
      const text = textOf(file);
      return text === null ? null : parse(text, file);
    },
    write: (data) => {
      try {
        const target = targetOf(file);
        writeFileSync(`${target}.new`, `${JSON.stringify(data, null, 2)}\n`, { mode: 0o600 });
        renameDurably(`${target}.new`, target);
      } catch (error) {
        throw new AppError(
          'engine_failed',
          `${file} cannot be written (${errorText(error)}); the settings are as they were.`,
          'Make the home folder writable for this user, and try again.',
          error,
        );
      }
    },
  };
}

/** Where the file is a link into somebody's own collection of settings, that is what is written. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    // There is none yet.
    return file;
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const remedy = 'Make it a file that this user may read.';
    throw new AppError('bad_settings', `${file} cannot be read (${errorText(error)}).`, remedy, error);
  }
}

function parse(text: string, file: string): Content {
  let value: unknown;
  try {
    // Editors of Windows begin a file with a mark of its encoding.
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const remedy = 'Correct the file, or remove it to start with defaults.';
    throw new AppError('bad_settings', `${file} cannot be read as JSON.`, remedy, error);
  }
  if (isObject(value)) return value;
  throw new AppError('bad_settings', `${file} holds no object of settings.`, 'Let it be { … }, or remove it.');
}

function check(value: unknown, file: string): Settings {
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError(
    'bad_settings',
    `A setting is not usable: ${z.prettifyError(parsed.error)}`,
    `Correct it in ${file} or in the flag or variable that names it.`,
  );
}
