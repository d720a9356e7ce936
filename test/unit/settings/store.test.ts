/** The settings file: what an older one still means, and what the environment wins over. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { settingsOf } from '../../../main/settings/environment.ts';
import { openSettings, settingsFileName } from '../../../main/settings/store.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-settings-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const write = (settings: object) => writeFileSync(join(home, settingsFileName), JSON.stringify(settings));
const limits = async (env: Record<string, string> = {}) => openSettings(home, settingsOf(env)).settings.limits;

describe('the limits of a settings file', () => {
  it('are the defaults where it names none', async () => {
    write({ teamName: 'Acme' });
    expect(await limits()).toMatchObject({ contextLimitTokens: 100_000, callCeilingUsd: 10, budgets: [] });
  });

  it('go on with the context limit of an older file, unless they name their own', async () => {
    write({ contextLimit: 60_000 });
    expect(await limits()).toMatchObject({ contextLimitTokens: 60_000, callCeilingUsd: 10 });
    write({ contextLimit: 60_000, limits: { contextLimitTokens: null, callCeilingUsd: 3 } });
    expect(await limits()).toMatchObject({ contextLimitTokens: null, callCeilingUsd: 3 });
  });

  it('stand in their section alone once the file is saved', async () => {
    write({ contextLimit: 60_000, teamName: 'Acme' });
    openSettings(home, {}).save(() => ({ port: 4_200 }));
    expect(JSON.parse(readFileSync(join(home, settingsFileName), 'utf8'))).toEqual({
      teamName: 'Acme',
      port: 4_200,
      limits: { contextLimitTokens: 60_000 },
    });
  });

  it('give way to the environment one by one', async () => {
    write({ limits: { contextLimitTokens: 60_000, callCeilingUsd: 3, hasWarningHeader: false } });
    expect(await limits({ TOLLKEEPER_CONTEXT_LIMIT: '80000' })).toMatchObject({
      contextLimitTokens: 80_000,
      callCeilingUsd: 3,
      hasWarningHeader: false,
    });
    expect(await limits({ TOLLKEEPER_CALL_CEILING_USD: '2.50' })).toMatchObject({ callCeilingUsd: 2.5 });
    expect(await limits({ TOLLKEEPER_CONTEXT_LIMIT: 'off', TOLLKEEPER_CALL_CEILING_USD: 'OFF' })).toMatchObject({
      contextLimitTokens: null,
      callCeilingUsd: null,
    });
  });

  it('that cannot be used are named with what to do', async () => {
    expect(() => settingsOf({ TOLLKEEPER_CALL_CEILING_USD: '$5' })).toThrow(
      'The variable TOLLKEEPER_CALL_CEILING_USD is not an amount in dollars: "$5".',
    );
    await expect(limits({ TOLLKEEPER_CONTEXT_LIMIT: '10' })).rejects.toMatchObject({ code: 'bad_settings' });
    write({ limits: { contextLimit: 5_000 } });
    await expect(limits()).rejects.toThrow(/contextLimit/);
    write({ limits: 5_000 });
    await expect(limits()).rejects.toMatchObject({ code: 'bad_settings' });
    write({ limits: 5_000, contextLimit: 60_000 });
    await expect(limits()).rejects.toMatchObject({ code: 'bad_settings' });
  });
});

describe('a settings file that is written', () => {
  const file = () => join(home, settingsFileName);
  const text = () => readFileSync(file(), 'utf8');

  it('keeps what was edited by hand since it was opened, and what the environment says stays out of it', () => {
    write({ teamName: 'Acme' });
    const store = openSettings(home, settingsOf({ TOLLKEEPER_CONTEXT_LIMIT: '80000', TOLLKEEPER_PORT: '9' }));
    write({ teamName: 'Acme & Sons', limits: { callCeilingUsd: 3 } });
    const saved = store.save(({ limits }) => ({ limits: { ...limits, callCeilingUsd: 4 } }));
    expect(JSON.parse(text())).toMatchObject({
      teamName: 'Acme & Sons',
      limits: { contextLimitTokens: 100_000, callCeilingUsd: 4 },
    });
    expect(JSON.parse(text())).not.toHaveProperty('port');
    expect(saved.inFile.limits.contextLimitTokens).toBe(100_000);
    expect(saved.settings).toMatchObject({ port: 9, limits: { contextLimitTokens: 80_000, callCeilingUsd: 4 } });
    expect(store.read()).toEqual(saved);
    expect(readdirSync(home)).toEqual([settingsFileName]);
  });

  it.each([
    ['no JSON', '{ "limits": ', 'cannot be read as JSON'],
    ['no object', '[]', 'holds no object of settings'],
    ['a key that is none', '{ "limit": 1 }', 'limit'],
  ])('is left as it is where it holds %s', (_what, content, why) => {
    const store = openSettings(home, {});
    writeFileSync(file(), content);
    expect(() => store.read()).toThrow(why);
    expect(() => store.save(() => ({ drainOnAbort: true }))).toThrow(why);
    expect(text()).toBe(content);
  });

  it('is never written with what cannot be used', () => {
    write({ teamName: 'Acme' });
    const store = openSettings(home, {});
    expect(() => store.save(() => ({ port: -1 }))).toThrow('A setting is not usable');
    expect(() =>
      store.save(() => {
        throw new Error('no, after all');
      }),
    ).toThrow('no, after all');
    expect(JSON.parse(text())).toEqual({ teamName: 'Acme' });
  });

  it('is made where there was none, and again where it was removed, with defaults', () => {
    const store = openSettings(home, {});
    store.save(() => ({ drainOnAbort: true }));
    rmSync(file());
    expect(store.read().settings.drainOnAbort).toBe(false);
    store.save(() => ({ teamName: 'Acme' }));
    expect(JSON.parse(text())).toEqual({ teamName: 'Acme' });
  });

  it('stays where it is when it is a link, and may begin with the mark of an editor of Windows', () => {
    const kept = join(home, 'kept.json');
    writeFileSync(kept, '\uFEFF{"teamName":"Acme"}');
    symlinkSync(kept, file());
    openSettings(home, {}).save(() => ({ drainOnAbort: true }));
    expect(lstatSync(file()).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toEqual({ teamName: 'Acme', drainOnAbort: true });
  });

  it('that cannot be written says so, and is as it was', () => {
    write({ teamName: 'Acme' });
    const store = openSettings(home, {});
    // A folder in the place of the temporary file: nobody can write there, not even root.
    mkdirSync(`${file()}.new`);
    expect(() => store.save(() => ({ drainOnAbort: true }))).toThrow(
      /cannot be written \(.*\); the settings are as they were/,
    );
    expect(JSON.parse(text())).toEqual({ teamName: 'Acme' });
  });
});
