/**
 * Secrets under the system's keychain, as one encrypted file in the home folder. Where the system has none, or Linux falls back to
 * `basic_text`, which is no encryption, nothing is kept and the reason is given: the environment variables remain. Knows no Electron.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { AppError } from '../../shared/contract/errors.ts';
import { noSecrets, secretsSchema, secretVariables, type Secrets } from '../../shared/contract/secrets.ts';
import { renameDurably } from '../system/durable-file.ts';

/** Before version 0.2 there were two. */
const keptSchema = secretsSchema.extend({ anthropicAdminKey: z.string().nullable().default(null) });

/** What the vault needs of the system's keychain; safeStorage in the app. */
export type Keychain = {
  readonly isAvailable: () => Promise<boolean>;
  /** True where "encrypted" means readable by anyone: Linux without a keyring. */
  readonly isPlainText: () => boolean;
  readonly encrypt: (text: string) => Promise<Buffer>;
  readonly decrypt: (bytes: Buffer) => Promise<string>;
};

export type Vault = {
  /** Null when secrets can be kept safely; else one sentence for a person. */
  readonly unavailable: string | null;
  /** @throws AppError when what was kept cannot be read any more. */
  readonly read: () => Promise<Secrets>;
  /** @throws AppError `bad_settings` when the vault is unavailable, `engine_failed` when its file cannot be written: it is as it was then. */
  readonly write: (secrets: Secrets) => Promise<void>;
  /** Puts a file that cannot be read any more under another name, so that nothing is lost by writing a new one. */
  readonly setAside: () => void;
};

const fileName = 'secrets.vault';
const remedy = `Set ${Object.values(secretVariables).join(', ')} in the environment instead.`;

export async function openVault(home: string, keychain: Keychain): Promise<Vault> {
  const file = join(home, fileName);
  const unavailable = await whyUnavailable(keychain);

  async function read(): Promise<Secrets> {
    if (unavailable !== null || !existsSync(file)) return noSecrets;
    try {
      return keptSchema.parse(JSON.parse(await keychain.decrypt(readFileSync(file))));
    } catch (error) {
      // The keychain was reset, or the file comes from another machine. The cause may quote what was decrypted, so it stays here.
      const again = `Enter the keys again; ${file} is kept under another name then.`;
      throw new AppError('bad_settings', `The kept keys cannot be read any more (${nameOf(error)}).`, again);
    }
  }

  async function write(secrets: Secrets): Promise<void> {
    if (unavailable !== null) throw new AppError('bad_settings', unavailable, remedy);
    try {
      const bytes = await keychain.encrypt(JSON.stringify(secrets));
      writeFileSync(`${file}.new`, bytes, { mode: 0o600 });
      renameDurably(`${file}.new`, file);
    } catch (error) {
      // The cause may quote what was encrypted, so it stays here.
      const where = 'See that the home folder can be written and the keychain is open, and try again.';
      throw new AppError('engine_failed', `The key could not be kept (${nameOf(error)}).`, where);
    }
  }

  function setAside(): void {
    if (existsSync(file)) renameSync(file, `${file}.unreadable`);
  }

  return { unavailable, read, write, setAside };
}

async function whyUnavailable(keychain: Keychain): Promise<string | null> {
  if (!(await keychain.isAvailable())) return 'This system offers no keychain, so keys are not kept.';
  return keychain.isPlainText()
    ? 'No keyring runs on this desktop, so keys would lie readable and are not kept.'
    : null;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
