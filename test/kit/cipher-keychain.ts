/** The system's keychain for tests: a cipher with a key of its own. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import type { Keychain } from '../../main/shell/vault.ts';

export function createKeychain(differences: Partial<Keychain> = {}): Keychain {
  const [key, iv] = [randomBytes(32), randomBytes(16)];
  return {
    isAvailable: async () => true,
    isPlainText: () => false,
    encrypt: async (text) => {
      const cipher = createCipheriv('aes-256-cbc', key, iv);
      return Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    },
    decrypt: async (bytes) => {
      const cipher = createDecipheriv('aes-256-cbc', key, iv);
      return Buffer.concat([cipher.update(bytes), cipher.final()]).toString('utf8');
    },
    ...differences,
  };
}
