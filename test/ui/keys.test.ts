/** The Keys screen and assigning, in a real browser over a real engine: a key made, shown once, used, rotated, revoked; a call given to its member. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import Anthropic from '@anthropic-ai/sdk';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { launchChromium } from '../kit/chromium.ts';
import { openPage } from '../kit/open-page.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'test-results');
const rendererFolder = join(root, 'out', 'renderer');
const complaints: string[] = [];
let anthropic: SandboxAnthropic;
let engine: TestEngine;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  expect(existsSync(join(rendererFolder, 'index.html'))).toBe(true);
  anthropic = await startSandboxAnthropic({ clock: systemClock });
  engine = await startTestEngine({ upstream: anthropic.url, anthropicApiKey: 'sk-ant-ours', rendererFolder });
  browser = await launchChromium();
  page = await openPage(browser, { link: engine.link, complaints });
});

afterAll(async () => {
  await browser.close();
  await engine.close();
  await anthropic.close();
});

const show = (path: string) => page.goto(`${engine.dashboardUrl}${path}`);
const ask = (apiKey: string) =>
  new Anthropic({ apiKey, baseURL: engine.proxyUrl, maxRetries: 0 }).messages.create({
    model: 'claude-haiku-5-5',
    max_tokens: 50,
    messages: [{ role: 'user', content: 'hello' }],
  });
const shownKey = async () => {
  const line = page.getByRole('status', { name: 'The new key' }).locator('code').first();
  return (await line.innerText()).trim();
};

describe('the Keys screen', () => {
  let first: string;

  it('says what to do where there is none, and makes one that is shown once', async () => {
    await show('/keys');
    await page.getByText('No member keys yet').waitFor();
    await page.screenshot({ path: join(results, 'keys-empty.png') });
    await page.getByLabel('Member', { exact: true }).fill('alice');
    await page.getByLabel('Project, if always the same').fill('webshop');
    await page.getByLabel('Name, as').fill('laptop');
    await page.keyboard.press('Enter');
    await page.getByText('it is shown this once').waitFor();
    first = await shownKey();
    expect(first).toMatch(/^tk_[\w-]{43}$/);
    await page.screenshot({ path: join(results, 'keys-made.png') });
    await ask(first);
    expect((await engine.settled(1))[0]).toMatchObject({ member: 'alice', project: 'webshop' });

    await page.getByRole('button', { name: 'Done, hide it' }).click();
    const row = page.getByRole('row', { name: /alice webshop laptop/ });
    await row.waitFor();
    expect(await row.innerText()).toContain(`tk_…${first.slice(-4)}`);
    await page.reload();
    await row.waitFor();
    expect(await page.content()).not.toContain(first);
  });

  it('names, rotates and revokes it, each asked twice', async () => {
    await page.getByRole('button', { name: 'Name key_1 of alice' }).click();
    await page.getByLabel('Name of key_1').fill('old laptop');
    await page.keyboard.press('Enter');
    await page.getByRole('cell', { name: 'old laptop' }).waitFor();

    await page.getByRole('button', { name: 'Rotate key_1 of alice' }).click();
    await page.getByRole('button', { name: 'for another 24 hours' }).click();
    await page.getByText('works; the old one for 24 more hours').waitFor();
    const second = await shownKey();
    expect(second).not.toBe(first);
    await ask(first);
    await ask(second);
    await page.getByRole('button', { name: 'Done, hide it' }).click();

    await page.getByRole('button', { name: 'Revoke key_1 of alice' }).click();
    await page.screenshot({ path: join(results, 'keys-revoke.png') });
    await page.getByRole('button', { name: 'Revoke key_1', exact: true }).click();
    await page.getByText('revoked', { exact: true }).waitFor();
    await expect(ask(second)).rejects.toThrow('this member key was revoked');
  });

  it('is dark when asked and fits a narrow screen', async () => {
    await engine.post('/api/keys', { member: 'bo', name: 'a build machine with a rather long name' });
    await page.getByRole('button', { name: 'Dark theme' }).click();
    await page.reload();
    await page.getByRole('cell', { name: 'bo', exact: true }).waitFor();
    await page.screenshot({ path: join(results, 'keys-dark.png') });
    await page.setViewportSize({ width: 320, height: 900 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    await page.screenshot({ path: join(results, 'keys-narrow.png'), fullPage: true });
    await page.setViewportSize({ width: 1_280, height: 860 });
    await page.getByRole('button', { name: 'Light theme' }).click();
  });

  it('says so when the engine has gone', async () => {
    await page.route('**/api/keys', (route) => route.fulfill({ status: 500, body: '' }));
    await page.getByLabel('Member', { exact: true }).fill('carla');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').first().waitFor();
    expect(await page.getByRole('alert').first().innerText()).toContain('Tollkeeper answered 500.');
    await page.unroute('**/api/keys');
    complaints.length = 0;
  });
});

describe('an unassigned call', () => {
  it('is found by the filter and given to its member from its panel, with all like it', async () => {
    for (let index = 0; index < 3; index++) await ask('sk-ant-own');
    await engine.settled(6);
    await show('/calls?member=');
    await page
      .getByRole('row', { name: /unassigned/ })
      .first()
      .click();
    const panel = page.getByRole('dialog');
    await panel.getByRole('button', { name: 'Assign…' }).click();
    await panel.getByLabel('Member').fill('dora');
    await panel.getByText(/every unassigned one of Anthropic\/JS \(3 calls\)/).click();
    await page.screenshot({ path: join(results, 'call-assign.png') });
    await panel.getByRole('button', { name: 'Assign', exact: true }).click();
    await panel.getByText('Assigned by hand; it was unassigned.').waitFor();
    expect(await panel.innerText()).toContain('dora');
    await page.keyboard.press('Escape');
    await page.getByText('No call matches these filters').waitFor();
    expect(engine.exported().filter(({ member }) => member === 'dora')).toHaveLength(3);
    expect(engine.verify().findings).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
