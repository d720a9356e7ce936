/**
 * Changing the limits on their screen, in a real browser over a real engine: by keyboard, with a sentence beside each figure and each fault, never losing what
 * was typed, whatever happens meanwhile.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import Anthropic from '@anthropic-ai/sdk';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { limitsSettingsViewSchema } from '../../shared/contract/limits-settings.ts';
import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { launchChromium } from '../kit/chromium.ts';
import { questionOf, refusalOf, textOf } from '../kit/limits-far-side.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'test-results');
const rendererFolder = join(root, 'out', 'renderer');
let anthropic: SandboxAnthropic;
let browser: Browser;
let engine: TestEngine;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  anthropic = await startSandboxAnthropic({ clock: systemClock });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await anthropic.close();
});

const limits = {
  budgets: [
    { of: 'team' as const, per: 'month' as const, usd: 40 },
    { of: 'member' as const, name: 'alice', per: 'day' as const, usd: 1 },
  ],
  projects: { research: { contextLimitTokens: 300_000 } },
};

async function open(env: Record<string, string> = {}): Promise<void> {
  engine = await startTestEngine({ upstream: anthropic.url, rendererFolder, settings: { limits }, env });
  const context = await browser.newContext({ viewport: { width: 1_280, height: 1_000 }, colorScheme: 'light' });
  page = await context.newPage();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(engine.link);
  await page.goto(`${engine.dashboardUrl}/limits`);
  await rules().getByRole('listitem').first().waitFor();
}

beforeEach(() => open());
afterEach(async () => {
  expect(complaints).toEqual([]);
  await page.context().close();
  await engine.close();
});

const rules = () => page.getByRole('region', { name: /^(Rules in force|Change the limits)$/ });
const form = () => page.getByRole('form', { name: 'Change the limits' });
const begin = () => page.getByRole('button', { name: 'Change the limits' }).click();
const field = (name: string) => form().getByLabel(name, { exact: true });
const button = (name: string) => page.getByRole('button', { name, exact: true });
const focused = () => page.evaluate(() => document.activeElement?.textContent);
const saved = () => page.getByText('Saved. In force for the next call.').waitFor();
const settings = async () => limitsSettingsViewSchema.parse(await (await engine.get('/api/limits/settings')).json());
/** What a screen reader reads behind the name of a field. */
const description = (name: string) =>
  field(name).evaluate((element) =>
    (element.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join(' '),
  );
const call = (tokens: number) =>
  new Anthropic({ apiKey: 'sk-ant-test', baseURL: `${engine.proxyUrl}/@alice/webshop`, maxRetries: 0 }).messages.create(
    questionOf(textOf(tokens)),
  );

describe('the limits on their screen', () => {
  it('are changed by keyboard, with the figure in plain words, and judge the next call', async () => {
    await call(9_000);
    await begin();
    await field('Context limit').fill('5,000');
    expect(await description('Context limit')).toMatch(/^About 6 pages of text\. A longer prompt is stopped/);
    await field('Context limit').press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.type('2.50');
    expect(await field('Call ceiling').inputValue()).toBe('2.50');
    // The month on the page is read again every five seconds.
    await expect
      .poll(() => description('Call ceiling'), { timeout: 10_000 })
      .toMatch(/times as much as a call costs on average this month/);
    await page.keyboard.press('Enter');
    await saved();
    expect(await focused()).toBe('Change the limits');
    await page.getByText(/^A prompt of more than 5,000 tokens \(about 6 pages of text\) is stopped/).waitFor();
    await page.getByText('A call that is expected to cost more than $2.50 is stopped before it is sent.').waitFor();
    expect((await refusalOf(call(9_000))).message).toContain('tokens > 5000 maximum');

    await begin();
    await form().getByRole('checkbox', { name: 'no limit' }).check();
    expect(await field('Context limit').isDisabled()).toBe(true);
    await form().getByRole('checkbox', { name: 'no ceiling' }).check();
    await field('Cut an answer in mid-stream').check();
    await field('Read on when a client leaves').check();
    await field('Warn in a header of the answer').uncheck();
    await field('Ask Anthropic to count near the limit').uncheck();
    await button('Save').click();
    await saved();
    await page.getByText('A prompt may be as long as its model allows: no context limit is set.').waitFor();
    await page.getByText(/its answer is read to its end/).waitFor();
    expect((await settings()).inForce).toMatchObject({
      limits: {
        contextLimitTokens: null,
        callCeilingUsd: null,
        cutsMidStream: true,
        hasWarningHeader: false,
        asksCountTokens: false,
      },
      drainOnAbort: true,
    });
    await call(9_000);
  });

  it('have budgets that are added, changed and, asked once, removed', async () => {
    await begin();
    await button('Add a budget').click();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Whose is budget 3');
    await field('Whose is budget 3').selectOption('one project');
    await field('Name of the project of budget 3').fill('webshop');
    await field('Period of budget 3').selectOption('month');
    await field('Amount of budget 3 in dollars').fill('12,5');
    await button('Save').click();
    await page.getByText('One field cannot be used yet.').waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'Amount of budget 3 in dollars',
    );
    expect(await description('Amount of budget 3 in dollars')).toMatch(
      /^This is no amount from \$0\.01 to \$1,000,000/,
    );
    await page.screenshot({ path: join(results, 'limits-wrong.png') });
    await field('Amount of budget 3 in dollars').fill('12.50');
    await page.getByText('about $0.42 a day').waitFor();
    await field('Amount of budget 1 in dollars').fill('60');
    await button('Save').click();
    await saved();
    await page
      .getByText(
        'Budgets: the team, $60.00 a month; the member alice, $1.00 a day; the project webshop, $12.50 a month.',
      )
      .waitFor();

    await begin();
    await button('Remove budget 2…').click();
    expect(await focused()).toBe('Keep it');
    await page.keyboard.press('Escape');
    expect(await focused()).toBe('Remove…');
    expect(await form().getByRole('row').count()).toBeGreaterThan(3);
    await page.keyboard.press('Enter');
    await button('Remove budget 2').click();
    await button('Save').click();
    await saved();
    expect((await settings()).inForce.limits.budgets.map(({ of, usd }) => `${of} ${usd}`)).toEqual([
      'team 60',
      'project 12.5',
    ]);
  });

  it('have what differs in a project', async () => {
    await begin();
    await button('Add a project').click();
    await page.keyboard.type('ops');
    await form().getByLabel('Call ceiling of project 2: whose').selectOption('its own');
    await form().getByLabel('Call ceiling of project 2', { exact: true }).fill('0');
    await form().getByLabel('Context limit of project 1: whose').selectOption('none');
    await button('Save').click();
    await page.getByText('One field cannot be used yet.').waitFor();
    await form().getByLabel('Call ceiling of project 2', { exact: true }).fill('0.01');
    await button('Save').click();
    await saved();
    await page.getByText(/^In ops: A call that is expected to cost more than \$0\.01/).waitFor();
    expect((await settings()).inForce.limits.projects).toEqual({
      research: { contextLimitTokens: null },
      ops: { callCeilingUsd: 0.01 },
    });
  });

  it('leave nothing behind when a change is dropped, which is asked once', async () => {
    await begin();
    await button('Close').click();
    expect(await focused()).toBe('Change the limits');
    await begin();
    await field('Call ceiling').fill('3');
    await button('Drop the change…').click();
    expect(await focused()).toBe('Go on');
    await page.keyboard.press('Enter');
    expect(await field('Call ceiling').inputValue()).toBe('3');
    await button('Drop the change…').click();
    await button('Drop the change').click();
    await button('Change the limits').waitFor();
    await begin();
    expect(await field('Call ceiling').inputValue()).toBe('10.00');
  });

  it('are looked at in both themes and narrow, without a scroll to the side', async () => {
    await begin();
    await page.screenshot({ path: join(results, 'limits-edit-light.png') });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: join(results, 'limits-edit-dark.png') });
    await page.setViewportSize({ width: 320, height: 800 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await page.screenshot({ path: join(results, 'limits-edit-narrow.png') });
    // Every field has a name of its own.
    const nameless = await form()
      .locator('input, select, button')
      .evaluateAll(
        (elements) =>
          elements.filter(
            (element) =>
              !(element as HTMLInputElement).labels?.length &&
              !element.getAttribute('aria-label') &&
              !element.textContent,
          ).length,
      );
    expect(nameless).toBe(0);
  });
});

describe('what was typed', () => {
  it('stays while pictures come in, on another screen and over a reload', async () => {
    await begin();
    await field('Context limit').fill('77,0');
    const spent = page
      .getByRole('row', { name: /^the team/ })
      .getByRole('cell')
      .nth(3);
    const before = await spent.innerText();
    await call(9_000);
    await expect.poll(() => spent.innerText(), { timeout: 10_000 }).not.toBe(before);
    // Longer than the settings are asked for again.
    await page.waitForResponse((answer) => answer.url().endsWith('/api/limits/settings'));
    expect(await field('Context limit').inputValue()).toBe('77,0');
    await page.getByRole('link', { name: 'Month' }).click();
    await form().waitFor({ state: 'detached' });
    await page.getByRole('link', { name: /^Limits/ }).click();
    expect(await field('Context limit').inputValue()).toBe('77,0');
    await page.reload();
    expect(await field('Context limit').inputValue()).toBe('77,0');
    await field('Context limit').fill('77,000');
    await button('Save').click();
    await saved();
    expect((await settings()).inForce.limits.contextLimitTokens).toBe(77_000);
  });

  it('stays when the limits are changed elsewhere, and is saved over that only where somebody says so', async () => {
    const elsewhere = async (usd: number) => {
      const { inFile } = await settings();
      await engine.ask('PUT', '/api/limits/settings', {
        settings: { ...inFile, limits: { ...inFile?.limits, callCeilingUsd: usd } },
      });
    };
    await begin();
    await field('Context limit').fill('50,000');
    await elsewhere(7);
    await button('Save').click();
    await page.getByText('The limits were changed elsewhere since you began').waitFor();
    expect((await settings()).inForce.limits).toMatchObject({ contextLimitTokens: 100_000, callCeilingUsd: 7 });
    await button('Keep mine, over theirs').click();
    await button('Save').click();
    await saved();
    expect((await settings()).inForce.limits).toMatchObject({ contextLimitTokens: 50_000, callCeilingUsd: 10 });

    await begin();
    await field('Context limit').fill('60,000');
    await elsewhere(8);
    await button('Take theirs, drop mine').click({ timeout: 15_000 });
    await page.getByText('more than $8.00').waitFor();
    expect((await settings()).inForce.limits.contextLimitTokens).toBe(50_000);
  });

  it('stays while the engine is away, and is saved once it is back', async () => {
    await begin();
    await field('Context limit').fill('50,000');
    await engine.stop();
    await page.getByText('What you type stays here, and can be saved once it is back.').waitFor();
    await button('Save').click();
    await form().getByRole('alert').getByText('Tollkeeper does not answer.').waitFor();
    await page.screenshot({ path: join(results, 'limits-away.png') });
    expect(await field('Context limit').inputValue()).toBe('50,000');
    await engine.start();
    // The new engine listens elsewhere, as no engine of a person does.
    const draft = await page.evaluate(() => sessionStorage.getItem('tollkeeper-limits-draft-1'));
    await page.goto(engine.link);
    await page.evaluate((text) => sessionStorage.setItem('tollkeeper-limits-draft-1', text ?? ''), draft);
    await page.goto(`${engine.dashboardUrl}/limits`);
    expect(await field('Context limit').inputValue()).toBe('50,000');
    await button('Save').click();
    await saved();
  });

  it('stays while the settings file is broken, which is said and not written over', async () => {
    const file = join(engine.home, 'settings.json');
    const whole = readFileSync(file, 'utf8');
    await begin();
    await field('Context limit').fill('50,000');
    writeFileSync(file, '{ "limits": ');
    await page.getByText(/settings\.json cannot be read as JSON\. The limits in force stay as they were\./).waitFor();
    await button('Save').click();
    await form()
      .getByRole('alert')
      .getByText(/cannot be read as JSON/)
      .waitFor();
    expect(readFileSync(file, 'utf8')).toBe('{ "limits": ');
    await page.reload();
    await page.getByText('What you type stays here until then.').waitFor();
    writeFileSync(file, whole);
    await page.getByText('What you type stays here until then.').waitFor({ state: 'detached', timeout: 15_000 });
    await button('Save').click();
    await saved();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ limits: { contextLimitTokens: 50_000 } });
  });
});

describe('a limit that a variable says', () => {
  it('is shown with its name and cannot be typed; the others can', async () => {
    await page.context().close();
    await engine.close();
    await open({ TOLLKEEPER_CONTEXT_LIMIT: '80000', TOLLKEEPER_DRAIN_ON_ABORT: '1' });
    await rules()
      .getByText(/more than 80,000 tokens.+Set by TOLLKEEPER_CONTEXT_LIMIT; change it there\./)
      .waitFor();
    await begin();
    await form().getByText('80,000 tokens', { exact: true }).waitFor();
    await form()
      .getByText('Set by TOLLKEEPER_CONTEXT_LIMIT, which wins over the settings file; change it there.')
      .waitFor();
    expect(await form().getByRole('textbox', { name: 'Context limit', exact: true }).count()).toBe(0);
    expect(await field('Read on when a client leaves').isDisabled()).toBe(true);
    expect(await field('Read on when a client leaves').isChecked()).toBe(true);
    await field('Call ceiling').fill('4');
    await page.screenshot({ path: join(results, 'limits-set-by.png') });
    await button('Save').click();
    await saved();
    expect((await settings()).inForce.limits).toMatchObject({ contextLimitTokens: 80_000, callCeilingUsd: 4 });
  });
});
