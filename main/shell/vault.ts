/**
 * Secrets in the system's keychain (safeStorage), as one encrypted file in the home folder. Where the system has none, or Linux falls back to
 * `basic_text`, which is no encryption, nothing is kept and the reason is given: the environment variables remain.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { safeStorage } from 'electron';
import { z } from 'zod';

const secretsSchema = z.strictObject({ anthropicApiKey: z.string().nullable(), stripeApiKey: z.string().nullable() });
export type Secrets = z.infer<typeof secretsSchema>;

export type Vault = {
  /** Null when secrets can be kept safely. */
  readonly unavailable: string | null;
  readonly read: () => Secrets;
  /** @throws Error when the vault is unavailable. */
  readonly write: (secrets: Secrets) => void;
};

const fileName = 'secrets.vault';
const none: Secrets = { anthropicApiKey: null, stripeApiKey: null };

export function openVault(home: string): Vault {
  const file = join(home, fileName);
  const unavailable = whyUnavailable();
  return {
    unavailable,
    read: () => {
      if (unavailable !== null || !existsSync(file)) return none;
      return secretsSchema.parse(JSON.parse(safeStorage.decryptString(readFileSync(file))));
    },
    write: (secrets) => {
      if (unavailable !== null) throw new Error(unavailable);
      writeFileSync(file, safeStorage.encryptString(JSON.stringify(secrets)), { mode: 0o600 });
    },
  };
}

function whyUnavailable(): string | null {
  if (!safeStorage.isEncryptionAvailable())
    return 'This system offers no keychain. Keys are taken from the environment only.';
  const isPlain = process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text';
  return isPlain
    ? 'No keyring runs on this desktop, so keys would lie readable. They are taken from the environment only.'
    : null;
}
