/** The settings file: what an older one still means, and what the environment wins over. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
const limits = async (env: Record<string, string> = {}) => (await openSettings(home, settingsOf(env))).settings.limits;

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
    await (await openSettings(home, {})).save({ port: 4_200 });
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
