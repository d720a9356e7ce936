/** The Stripe screen over an outbox that has met everything: what went wrong is said with what to do, and each choice is walked to its end. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { launchChromium } from '../kit/chromium.ts';
import { openPage } from '../kit/open-page.ts';
import { seededNowMs, seedHome } from '../kit/seeded-home.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { troubleOutbox } from '../kit/troubled-outbox.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'test-results');
const complaints: string[] = [];
const home = mkdtempSync(join(tmpdir(), 'tollkeeper-ui-'));
const clock = createShiftedClock();
let ids: ReturnType<typeof troubleOutbox>;
let browser: Browser;
let stripe: SandboxStripe;
let engine: TestEngine;
let page: Page;

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  clock.putAhead(seededNowMs - clock.nowMs());
  seedHome({ home, nowMs: seededNowMs, calls: 400 });
  ids = troubleOutbox(home, seededNowMs);
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 10_000, isOffline: false } });
  await stripe.setRules({ isOffline: true });
  browser = await launchChromium();
  const rendererFolder = join(root, 'out', 'renderer');
  engine = await startTestEngine({
    upstream: 'http://127.0.0.1:9',
    stripeApiBase: stripe.url,
    home,
    rendererFolder,
    clock,
    settings: { stripeStream: true },
  });
  page = await openPage(browser, { link: engine.link, complaints });
});

afterAll(async () => {
  await browser.close();
  await engine.close();
  await stripe.close();
  rmSync(home, { recursive: true, force: true });
});

const show = () => page.goto(`${engine.dashboardUrl}/stripe`);
const main = () => page.getByRole('main');

describe('the Stripe screen', () => {
  it('says what leaves Stripe’s window, what was refused and why, what is held, and how many reads are used', async () => {
    await show();
    await page.getByTestId('stripe-waiting').waitFor();
    await page
      .getByText(/Stripe’s stream works with live keys only: with this test key meter events go one by one/)
      .waitFor();
    await page.getByText(/leaves the 35-day window tomorrow unless/).waitFor();
    await page.getByText(/^\$34\.00 leaves tomorrow’s invoice unless/).waitFor();
    await page
      .getByText('Stripe does not know this customer. Map what was mapped to it to a customer that exists')
      .waitFor();
    await page
      .getByText(/Stripe counts \$0\.000017 in this minute/)
      .first()
      .waitFor();
    await expect.poll(() => main().innerText()).toMatch(/Reads used, of a month’s\s+0 of 10,000/);
    await page.getByRole('heading', { name: /Stripe counts something else/ }).waitFor();
    await page.setViewportSize({ width: 1_280, height: 1_900 });
    for (const theme of ['Dark', 'Light'] as const) {
      await page.screenshot({
        path: join(results, `stripe-trouble-${theme === 'Dark' ? 'light' : 'dark'}.png`),
      });
      await page.getByRole('button', { name: `${theme} theme` }).click();
    }
    await page.setViewportSize({ width: 1_280, height: 860 });
  });

  it('tells the engine when the browser is online again', async () => {
    const told = page.waitForResponse((response) => response.url().endsWith('/api/stripe/online'));
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    expect((await told).status()).toBe(200);
  });

  it('shows one event’s calls, by keyboard as well', async () => {
    await page.getByRole('button', { name: new RegExp(`calls of ${ids.rejected}`) }).focus();
    await page.keyboard.press('Enter');
    await page.getByText(/^Stripe is told tk2:/).waitFor();
    await page
      .getByRole('link', { name: /^Call call_.*explained/ })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(/^Stripe is told tk2:/).waitFor({ state: 'detached' });
  });

  it('fits a narrow screen', async () => {
    await page.setViewportSize({ width: 320, height: 3_000 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await page.screenshot({ path: join(results, 'stripe-trouble-narrow.png') });
    await page.setViewportSize({ width: 1_280, height: 860 });
  });

  it('marks a carry-forward as on an invoice, after asking', async () => {
    const proposed = page.getByRole('listitem').filter({ hasText: 'that was not metered' }).first();
    await proposed.getByRole('button', { name: 'Mark as on an invoice' }).click();
    const customers = (await engine.stripe()).carryForwards.length;
    await proposed.getByRole('button', { name: 'Yes, mark it' }).click();
    await expect.poll(async () => (await engine.stripe()).carryForwards.length).toBe(customers - 1);
  });

  it('sets aside what cannot be explained, and sends again what was refused, under a new identifier', async () => {
    await page.getByRole('button', { name: `Set aside: ${ids.held}` }).click();
    await expect
      .poll(async () => (await engine.stripe()).events.find(({ id }) => id === ids.held)?.state)
      .toBe('set_aside');
    await page.getByText('compare before it is billed').first().waitFor();
    await page.getByRole('button', { name: `Send again: ${ids.rejected}` }).click();
    await expect
      // The agent may try it first, which takes a moment where Stripe cannot be reached.
      .poll(async () => (await engine.stripe()).events.find(({ id }) => id === ids.rejected), { timeout: 15_000 })
      .toMatchObject({ state: 'sealed' });
    const event = (await engine.stripe()).events.find(({ id }) => id === ids.rejected);
    expect(event?.identifier).not.toBe(ids.rejected);
    expect(complaints).toEqual([]);
  });

  it('makes a carry-forward an invoice item in Stripe, after showing it and asking', async () => {
    stripe.seed({ eventName: 'tollkeeper_cost_micro_usd', customers: ['cus_alpine', 'cus_borealis', 'cus_northwind'] });
    await stripe.setRules({ isOffline: false });
    await engine.syncNow();
    await show();
    const item = page
      .getByRole('region', { name: /^For an invoice item/ })
      .getByRole('listitem')
      .first();
    await item.getByRole('button', { name: 'Make the item in Stripe' }).click();
    await item.getByText('goes on the customer’s next invoice').waitFor();
    await page.screenshot({ path: join(results, 'stripe-item-light.png') });
    const customers = (await engine.stripe()).carryForwards.length;
    await item.getByRole('button', { name: 'Yes, make it' }).click();
    await expect
      .poll(() => item.getByRole('status').innerText(), { timeout: 5_000 })
      .toMatch(/goes on the customer’s next invoice|^$/);
    await expect.poll(() => stripe.invoiceItems().length, { timeout: 10_000 }).toBe(1);
    await expect.poll(async () => (await engine.stripe()).carryForwards.length).toBe(customers - 1);
  });

  it('shows a customer’s month on both sides: not read, read, and stale, in light, dark and narrow', async () => {
    const month = page.getByRole('region', { name: 'A customer’s month on both sides' });
    await month.getByLabel('Customer').selectOption('cus_alpine');
    await month.getByText('Stripe has not been asked for this month yet.').waitFor();
    await month.getByText('The parts add up to the ledger’s month, to the nano-dollar.').waitFor();
    await month.getByRole('button', { name: 'Ask Stripe' }).click();
    await month.getByText(/^Stripe’s figures are those of/).waitFor();
    await month.getByText(/reads? for this; /).waitFor();
    await page.setViewportSize({ width: 1_280, height: 1_900 });
    for (const theme of ['Dark', 'Light'] as const) {
      await month.screenshot({ path: join(results, `stripe-month-${theme === 'Dark' ? 'light' : 'dark'}.png`) });
      await page.getByRole('button', { name: `${theme} theme` }).click();
    }
    await page.setViewportSize({ width: 320, height: 2_000 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await page.setViewportSize({ width: 320, height: 1_100 });
    await month.evaluate((section) => section.scrollIntoView());
    await page.screenshot({ path: join(results, 'stripe-month-narrow.png') });
    await page.setViewportSize({ width: 1_280, height: 860 });

    await stripe.setRules({ isOffline: true });
    await month.getByRole('button', { name: 'Ask Stripe' }).click();
    await month.getByText('Stripe was not read: Stripe cannot be reached.').waitFor();
    await month.getByText(/^Stripe’s figures are those of/).waitFor();
    expect(complaints).toEqual([]);
  });
});
