/** Set-up and Customers on the Stripe screen, walked from an empty account to billed calls: by pointer and by keyboard, light, dark and narrow. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { noSecrets } from '../../shared/contract/secrets.ts';
import { launchChromium } from '../kit/chromium.ts';
import { openPage } from '../kit/open-page.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startMessagesUpstream } from '../kit/messages-upstream.ts';
import type { Upstream } from '../kit/upstream.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'test-results');
const dayMs = 24 * 3_600_000;
const complaints: string[] = [];
const clock = createShiftedClock();
let browser: Browser;
let upstream: Upstream;
let stripe: SandboxStripe;
let engine: TestEngine;
let page: Page;

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  upstream = await startMessagesUpstream({ input_tokens: 41_000, output_tokens: 1_700 });
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 10_000 } });
  const names = ['Alpine Webshop Ltd', 'Borealis AG', 'Institute of Applied Research', 'Northwind Operations'];
  for (const [index, name] of names.entries())
    stripe.state.customers.set(`cus_${index}QbTy`, { id: `cus_${index}QbTy`, name, email: `billing@${index}.example` });
  browser = await launchChromium();
  const rendererFolder = join(root, 'out', 'renderer');
  engine = await startTestEngine({ upstream: upstream.url, stripeApiBase: stripe.url, rendererFolder, clock });
  page = await openPage(browser, { link: engine.link, complaints, height: 900 });
});

afterAll(async () => {
  await browser.close();
  await engine.close();
  await stripe.close();
  await upstream.close();
});

const show = () => page.goto(`${engine.dashboardUrl}/stripe`);
const main = () => page.getByRole('main');
const setUp = () => page.getByRole('region', { name: 'Set-up' });
const customers = () => page.getByRole('region', { name: 'Customers' });

async function calls(path: string, count: number): Promise<void> {
  const before = engine.exported().length;
  for (let one = 0; one < count; one++)
    await fetch(`${engine.proxyUrl}${path}/v1/messages`, { method: 'POST', body: '{}' }).then((answer) =>
      answer.text(),
    );
  await engine.settled(before + count);
}

/** Both themes of the sections, at the size they have. */
async function picture(name: string): Promise<void> {
  for (const theme of ['Dark', 'Light'] as const) {
    await page.screenshot({
      path: join(results, `${name}-${theme === 'Dark' ? 'light' : 'dark'}.png`),
      fullPage: true,
    });
    await page.getByRole('button', { name: `${theme} theme` }).click();
  }
}

describe('Set-up on the Stripe screen', () => {
  it('says whose account it is, and where nothing is mapped and nothing waits', async () => {
    await show();
    await setUp().getByText('test account acct_sandbox').waitFor();
    await customers()
      .getByText(/^Nothing is mapped to a customer yet/)
      .waitFor();
    await customers().getByText('No calls wait for a customer.').waitFor();
    await setUp().getByText('What a restricted key must be allowed').click();
    await setUp().getByText('send meter events, and read the sums of a meter to confirm them').waitFor();
    await picture('stripe-setup-empty');
  });

  it('shows each step before it is done, and does it after a yes, by keyboard', async () => {
    await setUp().getByText('What a restricted key must be allowed').click();
    await setUp().getByRole('button', { name: 'Look what is to be done' }).focus();
    await page.keyboard.press('Enter');
    await setUp().getByText('3 steps to be done.').waitFor();
    await setUp()
      .getByText('The price is made: 0.0001 cents a micro-dollar, which is the cost itself, each month.')
      .waitFor();
    expect(stripe.state.meters.size).toBe(0);
    await setUp().getByRole('button', { name: 'Do 3 steps' }).focus();
    await page.keyboard.press('Enter');
    await setUp().getByRole('alertdialog', { name: 'Do 3 steps in the test account acct_sandbox?' }).waitFor();
    // The careful answer has the focus.
    await page.keyboard.press('Enter');
    expect(stripe.state.meters.size).toBe(0);
    await setUp().getByRole('button', { name: 'Do 3 steps' }).click();
    await setUp().getByRole('button', { name: 'Do them' }).focus();
    await page.keyboard.press('Enter');
    await setUp().getByText('3 steps done, 0 steps there already.').waitFor();
    expect([stripe.state.meters.size, stripe.state.products.size, stripe.state.prices.size]).toEqual([1, 1, 1]);
    await picture('stripe-setup-done');
    await setUp().getByRole('button', { name: 'Look again' }).click();
    await setUp().getByText('Everything is there: nothing is to be done.').waitFor();
  });

  it('says what is in the way, which permission is missing, and that a live key is refused', async () => {
    for (const meter of stripe.state.meters.values()) stripe.state.meters.set(meter.id, { ...meter, formula: 'count' });
    await stripe.setRules({ restrictedTo: ['billing_meter_read', 'product_read', 'customer_read'] });
    await engine.useSecrets({ ...noSecrets, stripeApiKey: 'rk_test_short' });
    await setUp().getByRole('button', { name: 'Look again' }).click();
    await setUp()
      .getByText(/aggregates by count instead of sum/)
      .waitFor();
    await setUp()
      .getByText(/The key lacks the permission “Prices: Read” \(rak_plan_read\)/)
      .waitFor();
    await picture('stripe-setup-trouble');
    await engine.useSecrets({ ...noSecrets, stripeApiKey: 'sk_live_real' });
    await show();
    await setUp()
      .getByText(/This is a live key, and this ledger is billed to the test account acct_sandbox/)
      .waitFor();
    await main().getByText('live account').first().waitFor();
    await picture('stripe-setup-refused');
    for (const meter of stripe.state.meters.values()) stripe.state.meters.set(meter.id, { ...meter, formula: 'sum' });
    await stripe.setRules({ restrictedTo: null });
    await engine.useSecrets({ ...noSecrets, stripeApiKey: 'sk_test_right' });
  });
});

describe('Customers on the Stripe screen', () => {
  it('shows what waits for a customer, with since when and until when', async () => {
    await calls('/@alice/webshop', 2);
    await calls('/@bo', 1);
    clock.putAhead(36 * dayMs);
    await calls('/@alice/webshop', 12);
    await calls('/@carla/research', 3);
    await calls('', 1);
    await show();
    const row = customers().getByRole('row', { name: /project webshop/ });
    await row.waitFor();
    expect(await row.innerText()).toMatch(/12\s.*2 calls, \$0\.\d\d/s);
    await customers()
      .getByRole('row', { name: /member bo/ })
      .waitFor();
    await customers()
      .getByRole('row', { name: /neither project nor member/ })
      .waitFor();
    await picture('stripe-customers-waiting');
  });

  it('bills them to a customer that is found by a part of its name, after showing what that does, by keyboard', async () => {
    await customers().getByRole('button', { name: 'Bill the calls of the project webshop' }).focus();
    await page.keyboard.press('Enter');
    const search = customers().getByRole('searchbox', { name: 'Name, address or id of the customer' });
    await search.waitFor();
    await expect.poll(() => search.evaluate((input) => input === document.activeElement)).toBe(true);
    await page.keyboard.type('alpine');
    await page.keyboard.press('Enter');
    const pick = customers().getByRole('button', { name: /Alpine Webshop Ltd/ });
    await pick.waitFor();
    await picture('stripe-customers-picker');
    await pick.focus();
    await page.keyboard.press('Enter');
    await customers()
      .getByText(/each in its own minute, under the plan of its time/)
      .waitFor();
    await customers()
      .getByRole('checkbox', { name: /Also the 2 calls that left the window/ })
      .check();
    await picture('stripe-customers-confirm');
    await customers().getByRole('button', { name: 'Bill them', exact: true }).focus();
    await page.keyboard.press('Enter');
    await customers()
      .getByRole('row', { name: /project webshop Alpine Webshop Ltd/ })
      .waitFor();
    await customers()
      .getByRole('button', { name: 'Bill the calls of the project webshop' })
      .waitFor({ state: 'detached' });
    await expect.poll(() => engine.exported().filter(({ customer }) => customer === 'cus_0QbTy').length).toBe(14);
  });

  it('makes a customer and maps a project to it, changes it and takes it away', async () => {
    await customers()
      .getByRole('textbox', { name: 'Its name' })
      .or(customers().getByRole('combobox', { name: 'Its name' }))
      .fill('atlas');
    await page.keyboard.press('Enter');
    await customers().getByRole('button', { name: 'Make a new one' }).click();
    await customers().getByRole('textbox', { name: 'Name', exact: true }).fill('Atlas GmbH');
    await customers().getByRole('textbox', { name: 'Address for invoices, if any' }).fill('pay@atlas.example');
    await page.keyboard.press('Enter');
    await customers()
      .getByRole('row', { name: /project atlas Atlas GmbH/ })
      .waitFor();
    await customers().getByRole('button', { name: 'Change the customer of the project atlas' }).click();
    await customers()
      .getByRole('button', { name: /Borealis AG/ })
      .click();
    await customers()
      .getByRole('row', { name: /project atlas Borealis AG/ })
      .waitFor();
    await customers().getByRole('button', { name: 'Bill the project atlas to nobody' }).click();
    await customers().getByRole('button', { name: 'Take it away' }).click();
    await customers()
      .getByRole('row', { name: /project atlas/ })
      .waitFor({ state: 'detached' });
  });

  it('shows whose customer Stripe does not know, and bills their calls to another, in light, dark and narrow', async () => {
    const unchecked = { kind: 'project', name: 'archive', customer: 'cus_gone', isUnchecked: true };
    await engine.ask('PUT', '/api/stripe/mapping', unchecked);
    await calls('/@dora/archive', 2);
    // Sent, then told by Stripe's report.
    for (const ms of [120_000, 3_600_000]) {
      clock.putAhead(ms);
      await engine.syncNow();
    }
    await show();
    const row = customers().getByRole('row', { name: /Stripe does not know the customer cus_gone/ });
    await row.waitFor();
    expect(await row.innerText()).toMatch(/cus_gone\s+2\s/);
    await customers().getByRole('button', { name: 'Bill the calls of the customer cus_gone' }).click();
    await customers()
      .getByRole('button', { name: /Borealis AG/ })
      .click();
    await customers().getByText('Still mapped to it: the project archive.').waitFor();
    await picture('stripe-customers-unknown');
    await page.setViewportSize({ width: 320, height: 3_000 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await page.screenshot({ path: join(results, 'stripe-customers-unknown-narrow.png'), fullPage: true });
    await page.setViewportSize({ width: 1_280, height: 900 });
    await customers().getByRole('button', { name: 'Bill them', exact: true }).click();
    await row.waitFor({ state: 'detached' });
    await expect.poll(() => engine.exported().filter(({ customer }) => customer === 'cus_1QbTy').length).toBe(2);
    expect(engine.exported().some(({ customer }) => customer === 'cus_gone')).toBe(false);
  });

  it('says what to do where Stripe cannot be reached', async () => {
    await stripe.setRules({ isOffline: true });
    await show();
    await customers().getByRole('button', { name: 'Bill the calls of the project research' }).click();
    await customers().getByRole('alert').waitFor();
    expect(await customers().getByRole('alert').innerText()).toContain('Stripe cannot be reached');
    await picture('stripe-customers-offline');
    await stripe.setRules({ isOffline: false });
  });

  it('fits a narrow screen', async () => {
    await page.setViewportSize({ width: 320, height: 3_000 });
    await show();
    await customers().getByRole('button', { name: 'Bill the calls of the project research' }).click();
    await customers()
      .getByRole('button', { name: /Institute of Applied Research/ })
      .waitFor();
    await setUp().getByRole('button', { name: 'Look what is to be done' }).click();
    await setUp().getByText('Everything is there: nothing is to be done.').waitFor();
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await page.screenshot({ path: join(results, 'stripe-setup-narrow.png'), fullPage: true });
    await customers()
      .getByRole('button', { name: /Institute of Applied Research/ })
      .click();
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await page.screenshot({ path: join(results, 'stripe-customers-narrow.png'), fullPage: true });
    await page.setViewportSize({ width: 1_280, height: 900 });
    // Chromium tells of answers that refuse, which is what was asked for.
    expect(complaints.filter((text) => !/status of (?:409|502)/.test(text))).toEqual([]);
  });
});
