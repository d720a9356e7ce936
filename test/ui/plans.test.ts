/** The metering plan on the Stripe screen: what Stripe is told, tokens beside what they are worth, and a change that is told before it is made. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { planSchema } from '../../shared/contract/plan.ts';
import { metersOf } from '../../shared/plan-meters.ts';
import { startSandboxStripe, type SandboxStripe } from '../../main/sandbox/stripe-server.ts';
import { launchChromium } from '../kit/chromium.ts';
import { openPage } from '../kit/open-page.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';
import { startUpstream, type Upstream } from '../kit/upstream.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'test-results');
const home = mkdtempSync(join(tmpdir(), 'tollkeeper-ui-plans-'));
const clock = createShiftedClock();
const plan = planSchema.parse({ kind: 'tokens-by-model', markupPercent: 20 });
const complaints: string[] = [];
let browser: Browser;
let stripe: SandboxStripe;
let upstream: Upstream;
let engine: TestEngine;
let page: Page;
let calls = 0;

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  upstream = await startUpstream((_request, response) => {
    const model = ['claude-opus-5-5', 'claude-haiku-5-5', 'claude-next-7'][calls % 3];
    const usage = { input_tokens: 1_204, output_tokens: 340, cache_read_input_tokens: 81_000 };
    const message = { id: `msg_${(calls += 1)}`, type: 'message', stop_reason: 'end_turn', model, usage };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
  clock.putAhead(60_000 - (clock.nowMs() % 60_000) + 20_000);
  stripe = await startSandboxStripe({ clock, rules: { requestsPerSecond: 10_000 } });
  for (const { eventName } of metersOf(plan, ['claude-opus-5-5', 'claude-haiku-5-5', 'claude-next-7']))
    stripe.seed({ eventName, customers: ['cus_alpine', 'cus_borealis'] });
  engine = await startTestEngine({
    upstream: upstream.url,
    stripeApiBase: stripe.url,
    home,
    clock,
    settings: { plan },
    rendererFolder: join(root, 'out', 'renderer'),
  });
  await make(3, 'cus_alpine');
  await engine.syncNow();
  await stripe.setRules({ isOffline: true });
  await make(3, 'cus_borealis');
  await engine.syncNow();
  await make(1, 'cus_alpine', 0);
  browser = await launchChromium();
  page = await openPage(browser, { link: engine.link, complaints, height: 1_500 });
  await page.goto(`${engine.dashboardUrl}/stripe`);
});

afterAll(async () => {
  await browser.close();
  await engine.close();
  await stripe.close();
  await upstream.close();
  rmSync(home, { recursive: true, force: true });
});

async function make(count: number, customer: string, aheadMs = 120_000): Promise<void> {
  for (let index = 0; index < count; index++) {
    const before = engine.exported().length;
    const headers = { 'x-tollkeeper-customer': customer };
    await (await fetch(`${engine.proxyUrl}/v1/messages`, { method: 'POST', headers, body: '{}' })).text();
    await engine.settled(before + 1);
  }
  clock.putAhead(aheadMs);
}

const main = () => page.getByRole('main');
const editor = () => page.getByRole('form', { name: 'Change the metering plan' });

describe('the metering plan', () => {
  it('is a sentence, and tokens stand beside what they are worth, never in it', async () => {
    await page.getByRole('heading', { name: 'What Stripe is told · Tokens of each model' }).waitFor();
    await expect
      .poll(() => page.getByTestId('plan-sentence').innerText())
      .toMatch(
        /six meters a model that begin with tollkeeper_tokens_\. .* with 20 % added\. In force from the beginning\.$/,
      );
    await expect
      .poll(() => page.getByTestId('stripe-waiting').innerText())
      .toMatch(/^\$[\d.]+\s*for 247,632 tokens, not all of it priced, waits in 9 events$/);
    await page.getByText(/^The oldest is of \d\d:\d\d \d+ \w+\. /).waitFor();
    const row = page.getByRole('row').filter({ hasText: 'input tokens of claude-opus-5-5' }).first();
    await expect.poll(() => row.innerText()).toMatch(/1,204\s+input tokens of claude-opus-5-5\s+\$0\.\d{6}/);
    const unknown = page.getByRole('row').filter({ hasText: 'output tokens of claude-next-7' }).first();
    await expect.poll(() => unknown.innerText()).toMatch(/340\s+output tokens of claude-next-7\s+unpriced/);
    await row.getByRole('button').click();
    await page.getByText('1,204 tokens').first().waitFor();
    await shoot('plans-tokens');
  });

  it('has months that add up in tokens of each class and model, beside what they are worth', async () => {
    const month = page.getByRole('region', { name: 'A customer’s month on both sides' });
    await month.getByLabel('Customer').selectOption('cus_alpine');
    await month.getByText('The parts add up to the ledger’s month, to the token.').first().waitFor();
    await expect(month.getByText('nano-dollar').count()).resolves.toBe(0);
    const row = month.getByRole('row').filter({ hasText: 'input tokens of claude-opus-5-5' }).first();
    await expect.poll(() => row.innerText()).toMatch(/2,408 tokens\s+\$0\.\d{6}\s+1,204 tokens\s+not read/);
    const unknown = month.getByRole('row').filter({ hasText: 'input tokens of claude-next-7' }).first();
    await expect.poll(() => unknown.innerText()).toMatch(/1,204 tokens\s+unpriced/);
    await month.screenshot({ path: join(results, 'plans-month.png') });
    await page.setViewportSize({ width: 320, height: 900 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    await month.evaluate((section) => section.scrollIntoView());
    await page.screenshot({ path: join(results, 'plans-month-narrow.png') });
    await page.setViewportSize({ width: 1_280, height: 1_500 });
    await month.getByLabel('Customer').selectOption('choose one');
  });

  it('is changed in an editor that says what will happen before it does', async () => {
    await page.getByRole('button', { name: 'Change the plan…' }).click();
    await editor().getByText('Nothing: that is the plan already.').waitFor();
    await editor().getByLabel('Cost', { exact: false }).first().check();
    await editor().getByLabel('Markup', { exact: true }).fill('12,5');
    await editor().getByRole('button', { name: 'Add a customer' }).click();
    await editor().getByLabel('Customer 1', { exact: true }).fill('webshop');
    await editor().getByLabel('Markup of customer 1', { exact: true }).fill('5');
    await editor()
      .getByText(/"webshop" is no Stripe customer/)
      .waitFor();
    expect(await editor().getByRole('button', { name: 'Put it in force' }).isDisabled()).toBe(true);
    await shoot('plans-editor-wrong');
    await editor().getByLabel('Customer 1', { exact: true }).fill('cus_alpine');
    await editor()
      .getByText(/Calls that start from the next minute on .* are counted under the new plan/)
      .waitFor();
    await editor()
      .getByText(/9 sealed events wait, worth \$\d+\.\d\d: they keep their meter and amount\./)
      .waitFor();
    await editor()
      .getByText(/Stripe needs the meter tollkeeper_cost_micro_usd before/)
      .waitFor();
    await shoot('plans-editor');
    await page.setViewportSize({ width: 320, height: 1_800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    await shoot('plans-editor-narrow');
    await page.setViewportSize({ width: 1_280, height: 1_500 });

    await editor().getByRole('button', { name: 'Put it in force' }).press('Enter');
    await editor().waitFor({ state: 'detached' });
    await page.getByText(/^From .* on: Stripe is told what each call costs/).waitFor();
    expect(JSON.parse(readFileSync(join(home, 'settings.json'), 'utf8'))).toMatchObject({
      plan: { kind: 'cost', markupPercent: 12.5, customerMarkupPercent: { cus_alpine: 5 } },
    });
    await shoot('plans-next');
  });

  it('says since when it is in force, and what was before', async () => {
    clock.putAhead(60_000);
    await page.reload();
    await page.getByRole('heading', { name: 'What Stripe is told · Cost' }).waitFor();
    await expect.poll(() => page.getByTestId('plan-sentence').innerText()).toMatch(/In force since /);
    await page.getByText('Plans before · 1').click();
    await page.getByText(/From the beginning: Stripe is told how many tokens/).waitFor();
    await shoot('plans-before');
    await page.setViewportSize({ width: 320, height: 1_500 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    await shoot('plans-narrow');
    await page.setViewportSize({ width: 1_280, height: 1_500 });
    expect(await main().innerText()).toContain('Plans before');
  });

  it('tells of a change that was made elsewhere meanwhile, and keeps what was typed', async () => {
    await page.getByRole('button', { name: 'Change the plan…' }).click();
    await editor().getByLabel('Markup', { exact: true }).fill('33');
    const { inFile, revision } = (await (await engine.get('/api/stripe/plan')).json()) as {
      inFile: object;
      revision: string;
    };
    await engine.ask('PUT', '/api/stripe/plan', { revision, plan: { ...inFile, markupPercent: 44 } });
    await editor().getByRole('button', { name: 'Put it in force' }).click();
    await editor().getByText('The plan was changed elsewhere since it was read here.').waitFor();
    expect(await editor().getByLabel('Markup', { exact: true }).inputValue()).toBe('33');
    await editor().getByRole('button', { name: 'Leave it as it is' }).click();
    // The browser itself logs the answer that refused.
    expect(complaints.filter((text) => !text.includes('409'))).toEqual([]);
  });
});

/** Both colour schemes. */
async function shoot(name: string): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: join(results, `${name}-${scheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}
