/** Where keys are kept: never readable on disk, and not at all where the system cannot keep them. The keychain is a cipher with a known key. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { noSecrets } from '../../../shared/contract/secrets.ts';
import { openVault } from '../../../main/shell/vault.ts';
import { createKeychain } from '../../kit/cipher-keychain.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-vault-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const secrets = { ...noSecrets, anthropicApiKey: 'sk-ant-kept' };

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
    expect(await vault.read()).toEqual(noSecrets);
  });

  it.each([
    ['there is no keychain', { isAvailable: async () => false }, 'no keychain'],
    ['its text would be plain', { isPlainText: () => true }, 'No keyring runs'],
  ])('keeps nothing and says so where %s', async (_case, differences, reason) => {
    const vault = await openVault(home, createKeychain(differences));

    expect(vault.unavailable).toContain(reason);
    await expect(vault.write(secrets)).rejects.toThrow(reason);
    expect(readdirSync(home)).toEqual([]);
    expect(await vault.read()).toEqual(noSecrets);
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

  it('reads what an earlier version kept, which knew fewer keys', async () => {
    const keychain = createKeychain();
    const bytes = await keychain.encrypt(JSON.stringify({ anthropicApiKey: 'sk-ant-kept', stripeApiKey: null }));
    writeFileSync(join(home, 'secrets.vault'), bytes);
    expect(await (await openVault(home, keychain)).read()).toEqual(secrets);
  });

  it('puts a file that cannot be read aside, and is as it was where a new one cannot be written', async () => {
    await (await openVault(home, createKeychain())).write(secrets);
    const vault = await openVault(home, createKeychain());
    vault.setAside();
    expect(readdirSync(home)).toEqual(['secrets.vault.unreadable']);
    await vault.write(secrets);
    mkdirSync(join(home, 'secrets.vault.new'));
    await expect(vault.write({ ...secrets, stripeApiKey: 'sk_test_secret' })).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.not.stringContaining('sk_test') as string,
    });
    expect(await vault.read()).toEqual(secrets);
  });
});
