/** The team's own keys on the Keys screen: entered, replaced and removed in the desktop app's window, and said plainly where there is none. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Anthropic from '@anthropic-ai/sdk';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { launchChromium } from '../kit/chromium.ts';
import { startDesktop, type Desktop } from '../kit/desktop.ts';
import { startTestEngine } from '../kit/test-engine.ts';
import { serveWindow } from '../kit/window-server.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'test-results');
const rendererFolder = join(root, 'out', 'renderer');
const secret = 'sk-ant-api03-TYPEDINTOTHEFORM';
const homes: string[] = [];
const complaints: string[] = [];
let anthropic: SandboxAnthropic;
let browser: Browser;
let desktop: Desktop;
let shown: { readonly url: string; readonly close: () => void };
let page: Page;

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'tollkeeper-team-keys-'));
  homes.push(home);
  return home;
}

async function openPage(url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 860 }, colorScheme: 'light' });
  const opened = await context.newPage();
  opened.on('pageerror', (error) => complaints.push(error.message));
  await opened.goto(url);
  return opened;
}

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  anthropic = await startSandboxAnthropic({ clock: systemClock });
  browser = await launchChromium();
  desktop = await startDesktop({
    home: newHome(),
    upstream: anthropic.url,
    rendererFolder,
    environment: { stripeApiKey: 'sk_test_of_the_environment' },
  });
  await desktop.ready();
  shown = await serveWindow(desktop.handle);
  page = await openPage(`${shown.url}/keys`);
});

afterAll(async () => {
  await browser.close();
  shown.close();
  await desktop.close();
  await anthropic.close();
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

const section = () => page.getByRole('region', { name: 'The team’s own keys' });
const row = (name: string) => section().getByRole('listitem').filter({ hasText: name }).first();
const button = (name: string) => section().getByRole('button', { name, exact: true });
const focused = () =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);

/** Everything that the page holds: what is drawn, what is stored, and what its scripts keep in reach of the document. */
const held = () =>
  page.evaluate(() => {
    const values = [...document.querySelectorAll('input')].map((input) => input.value);
    const stored = [localStorage, sessionStorage].map((storage) => JSON.stringify(storage));
    return [document.documentElement.outerHTML, ...values, ...stored, location.href].join('\n');
  });

describe('in the desktop app', () => {
  it('a key is entered, is in use at once, and is gone from the page', async () => {
    await page.getByText('Tollkeeper has no Anthropic key, so calls with a member key are refused.').waitFor();
    await row('Anthropic key').getByText('not known', { exact: true }).waitFor();
    await button('Enter the Anthropic key…').click();
    const field = section().getByLabel('Anthropic key, as Anthropic shows it');
    expect(await field.getAttribute('type')).toBe('password');
    await page.keyboard.type('sk_live_ofstripe');
    await page.keyboard.press('Enter');
    await section().getByRole('alert').getByText('This is a key of Stripe.').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await page.screenshot({ path: join(results, 'team-keys-wrong.png'), fullPage: true });
    await field.fill(secret);
    const requests: string[] = [];
    page.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
    await page.keyboard.press('Enter');
    await section().getByText('Kept, and in use from the next call on.').waitFor();
    expect(await focused()).toBe('Replace the Anthropic key…');
    await row('Anthropic key').getByText('In use from the keychain.').waitFor();
    await page.getByText('Tollkeeper has no Anthropic key').waitFor({ state: 'detached' });
    expect(requests.filter((request) => request.includes(secret))).toEqual([]);
    expect(await held()).not.toContain('TYPEDINTOTHEFORM');

    await page.getByLabel('Member', { exact: true }).fill('alice');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const made = page.getByRole('status', { name: 'The new key' }).locator('code').first();
    const memberKey = (await made.innerText()).trim();
    const { proxyUrl } = await desktop.ready();
    await new Anthropic({ apiKey: memberKey, baseURL: proxyUrl, maxRetries: 0 }).messages.create({
      model: 'claude-haiku-5-5',
      max_tokens: 20,
      messages: [{ role: 'user', content: 'hello' }],
    });
    await page.reload();
    await row('Anthropic key').getByText('known', { exact: true }).waitFor();
    expect(await held()).not.toContain('TYPEDINTOTHEFORM');
  });

  it('one that a variable says is named with it, and has no button', async () => {
    await row('Stripe key').getByText('Set by STRIPE_API_KEY; change it there.').waitFor();
    expect(await row('Stripe key').getByRole('button').count()).toBe(0);
    expect(await held()).not.toContain('sk_test_of_the_environment');
  });

  it('is looked at in both themes and narrow', async () => {
    await page.screenshot({ path: join(results, 'team-keys-light.png'), fullPage: true });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: join(results, 'team-keys-dark.png'), fullPage: true });
    await page.setViewportSize({ width: 320, height: 800 });
    await button('Replace the Anthropic key…').click();
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await page.screenshot({ path: join(results, 'team-keys-narrow.png'), fullPage: true });
    await page.keyboard.press('Escape');
    expect(await focused()).toBe('Replace the Anthropic key…');
    await page.setViewportSize({ width: 1_280, height: 860 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('a key is removed after one question', async () => {
    await button('Remove the Anthropic key…').click();
    await section().getByText('Calls with a member key are refused without it, at once.').waitFor();
    expect(await focused()).toBe('Keep it');
    await page.keyboard.press('Escape');
    await button('Remove the Anthropic key…').click();
    await button('Remove the Anthropic key').click();
    await row('Anthropic key').getByText('not known', { exact: true }).waitFor();
    await section().getByText('Removed.').waitFor();
    expect(desktop.keeper.secrets().anthropicApiKey).toBeNull();
    expect(complaints).toEqual([]);
  });
});

describe('without the desktop app', () => {
  it('says plainly what to set, and offers no button', async () => {
    const engine = await startTestEngine({
      upstream: anthropic.url,
      rendererFolder,
      anthropicApiKey: 'sk-ant-ours-here',
    });
    const visitor = await openPage(engine.link);
    await visitor.goto(`${engine.dashboardUrl}/keys`);
    const keys = visitor.getByRole('region', { name: 'The team’s own keys' });
    await keys
      .getByText(
        'Set ANTHROPIC_API_KEY, STRIPE_API_KEY or ANTHROPIC_ADMIN_KEY where Tollkeeper is started, and start it again.',
      )
      .waitFor();
    await keys.getByText('Set by ANTHROPIC_API_KEY; change it there.').waitFor();
    expect(await keys.getByRole('button').count()).toBe(0);
    expect(await visitor.content()).not.toContain('sk-ant-ours-here');
    await visitor.screenshot({ path: join(results, 'team-keys-headless.png'), fullPage: true });
    await visitor.context().close();
    await engine.close();
  });
});
