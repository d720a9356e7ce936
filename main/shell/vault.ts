/**
 * Secrets under the system's keychain, as one encrypted file in the home folder. Where the system has none, or Linux falls back to
 * `basic_text`, which is no encryption, nothing is kept and the reason is given: the environment variables remain. Knows no Electron.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { AppError } from '../../shared/contract/errors.ts';

const secretsSchema = z.strictObject({ anthropicApiKey: z.string().nullable(), stripeApiKey: z.string().nullable() });
export type Secrets = z.infer<typeof secretsSchema>;

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
  /** @throws AppError when the vault is unavailable. */
  readonly write: (secrets: Secrets) => Promise<void>;
};

const fileName = 'secrets.vault';
const none: Secrets = { anthropicApiKey: null, stripeApiKey: null };
const remedy = 'Set ANTHROPIC_API_KEY and STRIPE_API_KEY in the environment instead.';

export async function openVault(home: string, keychain: Keychain): Promise<Vault> {
  const file = join(home, fileName);
  const unavailable = await whyUnavailable(keychain);

  async function read(): Promise<Secrets> {
    if (unavailable !== null || !existsSync(file)) return none;
    try {
      return secretsSchema.parse(JSON.parse(await keychain.decrypt(readFileSync(file))));
    } catch (error) {
      // The keychain was reset, or the file comes from another machine. The cause may quote what was decrypted, so it stays here.
      const again = `Delete ${file} and enter the keys again.`;
      throw new AppError('bad_settings', `The kept keys cannot be read (${nameOf(error)}).`, again);
    }
  }

  async function write(secrets: Secrets): Promise<void> {
    if (unavailable !== null) throw new AppError('bad_settings', unavailable, remedy);
    const bytes = await keychain.encrypt(JSON.stringify(secrets));
    writeFileSync(`${file}.new`, bytes, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  return { unavailable, read, write };
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
