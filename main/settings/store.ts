/**
 * The settings file: read with every key checked, written whole (lowdb writes a temporary file and renames it).
 * Flags and environment variables win over the file and are never written into it. Holds no secrets.
 */
import { join } from 'node:path';

import { Low } from 'lowdb';
import { JSONFile } from 'lowdb/node';
import { z } from 'zod';

import { AppError } from '../../shared/contract/errors.ts';
import { settingsSchema, type Settings } from '../../shared/contract/settings.ts';

export const settingsFileName = 'settings.json';

export type SettingsStore = {
  readonly settings: Settings;
  readonly save: (changes: Partial<Settings>) => Promise<void>;
};

/** What flags and environment variables say; undefined leaves the file's word. */
export type SettingsOverrides = { readonly [Key in Exclude<keyof Settings, 'limits'>]?: Settings[Key] | undefined } & {
  readonly limits?: LimitsOverrides;
};
type LimitsOverrides = { readonly [Key in keyof Settings['limits']]?: Settings['limits'][Key] | undefined };

/** @throws AppError `bad_settings` that names the key and the file. */
export async function openSettings(home: string, overrides: SettingsOverrides): Promise<SettingsStore> {
  const file = join(home, settingsFileName);
  const db = await openFile(file);
  const { limits = {}, ...others } = overrides;
  const inFile = withoutOldKeys(db.data);
  // A variable names one limit; the others are the file's.
  const allLimits = isObject(inFile['limits']) ? { ...inFile['limits'], ...stated(limits) } : inFile['limits'];
  const settings = check({ ...inFile, ...stated(others), limits: allLimits ?? stated(limits) }, file);
  return {
    settings,
    save: async (changes) => {
      const next = { ...withoutOldKeys(db.data), ...changes };
      check(next, file);
      db.data = next;
      await db.write();
    },
  };
}

function stated(overrides: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

/** Version 0.1 had the context limit as a key of its own, `contextLimit`: it goes on as the limit unless `limits` names one. */
function withoutOldKeys({ contextLimit, ...data }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (contextLimit === undefined) return data;
  const limits = data['limits'] ?? {};
  return isObject(limits) ? { ...data, limits: { contextLimitTokens: contextLimit, ...limits } } : data;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function openFile(file: string) {
  try {
    // Not lowdb's preset: under NODE_ENV=test that keeps everything in memory and reads no file.
    const db = new Low<Record<string, unknown>>(new JSONFile(file), {});
    await db.read();
    return db;
  } catch (error) {
    throw new AppError(
      'bad_settings',
      `${file} cannot be read as JSON.`,
      'Correct the file, or remove it to start with defaults.',
      error,
    );
  }
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
