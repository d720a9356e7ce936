/** Where keys are kept: never readable on disk, and not at all where the system cannot keep them. The keychain is a cipher with a known key. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openVault, type Keychain } from '../../../main/shell/vault.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-vault-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function createKeychain(differences: Partial<Keychain> = {}): Keychain {
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

const secrets = { anthropicApiKey: 'sk-ant-kept', stripeApiKey: null };

describe('the vault', () => {
  it('keeps keys across starts, encrypted and for their owner only', async () => {
    const keychain = createKeychain();
    await (await openVault(home, keychain)).write(secrets);

    expect(await (await openVault(home, keychain)).read()).toEqual(secrets);
    expect(readdirSync(home)).toEqual(['secrets.vault']);
    const file = join(home, 'secrets.vault');
    expect(readFileSync(file, 'latin1')).not.toContain('sk-ant');
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is empty at first', async () => {
    const vault = await openVault(home, createKeychain());
    expect(vault.unavailable).toBeNull();
    expect(await vault.read()).toEqual({ anthropicApiKey: null, stripeApiKey: null });
  });

  it.each([
    ['there is no keychain', { isAvailable: async () => false }, 'no keychain'],
    ['its text would be plain', { isPlainText: () => true }, 'No keyring runs'],
  ])('keeps nothing and says so where %s', async (_case, differences, reason) => {
    const vault = await openVault(home, createKeychain(differences));

    expect(vault.unavailable).toContain(reason);
    await expect(vault.write(secrets)).rejects.toThrow(reason);
    expect(readdirSync(home)).toEqual([]);
    expect(await vault.read()).toEqual({ anthropicApiKey: null, stripeApiKey: null });
  });

  it('that another keychain wrote is refused with what to do, and shows nothing of it', async () => {
    await (await openVault(home, createKeychain())).write(secrets);
    const other = await openVault(home, createKeychain());
    await expect(other.read()).rejects.toMatchObject({
      code: 'bad_settings',
      message: expect.not.stringContaining('sk-ant'),
      remedy: expect.stringContaining('secrets.vault'),
    });
  });
});
