/** The demo as its host starts it: the team at work behind a real engine, with budgets that hold something. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startEngine } from '../../main/engine.ts';
import { startDemo } from '../../main/sandbox/start-demo.ts';
import { noProxies } from '../../main/settings/proxy-choice.ts';
import { systemClock } from '../../main/system/clock.ts';
import { systemIds } from '../../main/system/ids.ts';
import { silentLog } from '../../main/system/log.ts';
import { limitsSettingsViewSchema } from '../../shared/contract/limits-settings.ts';
import { limitsViewSchema, type LimitsView } from '../../shared/contract/limits-view.ts';
import { openSettings, settingsFileName } from '../../main/settings/store.ts';
import { testToken } from '../kit/test-engine.ts';

let home: string;
let demo: Awaited<ReturnType<typeof startDemo>>;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tollkeeper-demo-'));
});
afterEach(async () => {
  await demo.close();
  rmSync(home, { recursive: true });
});

async function start(limits: object = {}): Promise<void> {
  writeFileSync(join(home, settingsFileName), JSON.stringify({ limits }));
  const settingsStore = openSettings(home, { port: 0, uiPort: 0, timeZone: 'UTC' });
  demo = await startDemo(
    {
      home,
      settings: settingsStore.settings,
      settingsStore,
      secretsKeeper: 'environment' as const,
      token: testToken,
      proxies: noProxies,
      transcriptPlaces: { folder: null, configFolders: null, homeFolder: home },
      rendererFolder: null,
      log: silentLog,
      clock: systemClock,
      ids: systemIds,
    },
    startEngine,
  );
}

async function limits(): Promise<LimitsView> {
  const answer = await fetch(`${demo.dashboardUrl}/api/limits`, { headers: { authorization: `Bearer ${testToken}` } });
  return limitsViewSchema.parse(await answer.json());
}

describe('the demo', () => {
  it(
    'has budgets of the team, of each member and of two projects, which fill while it runs',
    { timeout: 60_000 },
    async () => {
      await start();
      const who = async () => (await limits()).budgets.map(({ of, whose, per }) => `${of} ${whose} ${per}`);
      await expect
        .poll(who, { timeout: 40_000 })
        .toEqual(
          expect.arrayContaining([
            'team null month',
            'member alice day',
            'member bo day',
            'project webshop day',
            'project research day',
          ]),
        );
      await expect
        .poll(async () => (await limits()).budgets.find(({ whose }) => whose === 'research')?.spentNanoUsd, {
          timeout: 40_000,
        })
        .toBeGreaterThan(0);
      // The one that is spent furthest stands first: whose that is after a few calls is chance.
      const { budgets } = await limits();
      const shares = budgets.map(({ spentNanoUsd, limitNanoUsd }) => spentNanoUsd / limitNanoUsd);
      expect(shares[0]).toBeGreaterThan(0);
      expect(shares).toEqual(shares.toSorted((a, b) => b - a));
      expect(budgets.find(({ whose }) => whose === 'research')?.limitNanoUsd).toBe(1_000_000_000);
    },
  );

  it('has them in its settings file, so that they stay when it is read again and are changed like any others', async () => {
    await start();
    const settings = async () => {
      const headers = { authorization: `Bearer ${testToken}` };
      const answer = await fetch(`${demo.dashboardUrl}/api/limits/settings`, { headers });
      return limitsSettingsViewSchema.parse(await answer.json());
    };
    const { inFile, inForce } = await settings();
    expect(inForce.limits.budgets.length).toBeGreaterThan(3);
    expect(inFile).toEqual(inForce);
    expect((await settings()).inForce).toEqual(inForce);
  });

  it('leaves budgets alone that somebody has set in its home', async () => {
    await start({ budgets: [{ of: 'team', per: 'day', usd: 7 }] });
    expect((await limits()).budgets).toMatchObject([{ of: 'team', per: 'day', limitNanoUsd: 7_000_000_000 }]);
  });
});
