/**
 * The settings file: read with every key checked, written whole (lowdb writes a temporary file and renames it).
 * Flags and environment variables win over the file and are never written into it. Holds no secrets.
 */
import { join } from 'node:path';

import { JSONFilePreset } from 'lowdb/node';
import { z } from 'zod';

import { AppError } from '../../shared/contract/errors.ts';
import { settingsSchema, type Settings } from '../../shared/contract/settings.ts';

export const settingsFileName = 'settings.json';

export type SettingsStore = {
  readonly settings: Settings;
  readonly save: (changes: Partial<Settings>) => Promise<void>;
};

/** What flags and environment variables say; undefined leaves the file's word. */
export type SettingsOverrides = { readonly [Key in keyof Settings]?: Settings[Key] | undefined };

/** @throws AppError `bad_settings` that names the key and the file. */
export async function openSettings(home: string, overrides: SettingsOverrides): Promise<SettingsStore> {
  const file = join(home, settingsFileName);
  const db = await openFile(file);
  const stated = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  const settings = check({ ...db.data, ...stated }, file);
  return {
    settings,
    save: async (changes) => {
      check({ ...db.data, ...changes }, file);
      db.data = { ...db.data, ...changes };
      await db.write();
    },
  };
}

async function openFile(file: string) {
  try {
    return await JSONFilePreset<Record<string, unknown>>(file, {});
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
