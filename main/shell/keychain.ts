/** The system's keychain through safeStorage. Only after the app is ready. */
import { safeStorage } from 'electron';

import type { Keychain } from './vault.ts';

export const systemKeychain: Keychain = {
  isAvailable: () => safeStorage.isAsyncEncryptionAvailable(),
  isPlainText: () => process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text',
  encrypt: (text) => safeStorage.encryptStringAsync(text),
  decrypt: async (bytes) => (await safeStorage.decryptStringAsync(bytes)).result,
};
