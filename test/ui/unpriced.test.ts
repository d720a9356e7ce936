/** The screens over a ledger that has lived: what has no price is said everywhere and with its reason, and the way to give it one is walked to its end. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { currentBook } from '../../shared/pricing/current-book.ts';
import { notMetered } from '../../shared/pricing/not-metered.ts';
import { launchChromium } from '../kit/chromium.ts';
import { openPage } from '../kit/open-page.ts';
import { openPeriod, overFile, someModel } from '../kit/price-files.ts';
import { dearBook, seededNowMs, seedHome, unknownModel } from '../kit/seeded-home.ts';
import { startTestEngine, type TestEngine } from '../kit/test-engine.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'test-results');
const homes: string[] = [];
const complaints: string[] = [];
let browser: Browser;
let engine: TestEngine;
let page: Page;

async function openEngine(calls: number | null, settings?: object): Promise<TestEngine> {
  const home = mkdtempSync(join(tmpdir(), 'tollkeeper-ui-'));
  homes.push(home);
  if (calls !== null) seedHome({ home, nowMs: seededNowMs, calls });
  const rendererFolder = join(root, 'out', 'renderer');
  const given = settings === undefined ? {} : { settings };
  return startTestEngine({ upstream: 'http://127.0.0.1:9', home, rendererFolder, nowMs: seededNowMs, ...given });
}

const show = (path: string) => page.goto(`${engine.dashboardUrl}${path}`);

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  browser = await launchChromium();
  engine = await openEngine(400);
  page = await openPage(browser, { link: engine.link, complaints });
});

afterAll(async () => {
  await browser.close();
  await engine.close();
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

describe('calls without a price', () => {
  it('are said beside the budgets, which hold only what has a price', async () => {
    const team = await openEngine(400, { limits: { budgets: [{ of: 'team', per: 'month', usd: 1_000 }] } });
    const opened = await openPage(browser, { link: team.link, complaints });
    await opened.goto(`${team.dashboardUrl}/limits`);
    await opened.getByRole('row', { name: /the team/ }).waitFor();
    await opened.getByText('48 calls of this month have no price').waitFor();
    await opened.context().close();
    await team.close();
  });

  it('are said beside the meter, the month and the conversation, and lead to their list', async () => {
    await show('/');
    await page.getByTestId('meter-today').waitFor();
    expect(await page.getByTestId('meter-today').getAttribute('aria-label')).toMatch(
      /^\$0\.\d{6} \+ 48 calls unpriced today$/,
    );
    const month = page.getByText('This month').locator('xpath=..');
    expect(await month.innerText()).toMatch(/\$\d+\.\d\d \+ 48 calls unpriced/);
    expect(await page.getByRole('figure').getAttribute('aria-label')).toMatch(/\+ \d+ calls unpriced in all/);
    await page.getByText('is not in price book').first().waitFor();
    await month.getByRole('link').click();
    await page.getByTestId('calls-sum').waitFor();
    await expect.poll(() => page.getByTestId('calls-sum').innerText()).toBe('48 calls unpriced');
  });

  it('are in the month’s headline, rows and comparison, with their reasons and what to do', async () => {
    await show('/month');
    await page.getByText('48 calls of this month have no price').waitFor();
    const text = await page.getByRole('main').innerText();
    expect(text).toMatch(/\$\d+\.\d\d \+ 48 calls unpriced/);
    expect(text).toContain('without the 48 calls unpriced in November');
    await page.getByText(`The model ${unknownModel} is not in price book`).waitFor();
    await page.getByText('put a price file in force').waitFor();
    const row = page.getByRole('row', { name: /^moonshot/ });
    expect(await row.innerText()).toMatch(/14 calls unpriced/);
    expect(await row.innerText()).not.toContain('$0');

    await page.getByRole('link', { name: '41 calls', exact: true }).click();
    await expect.poll(() => page.getByTestId('calls-sum').innerText()).toBe('41 calls unpriced');
    await page.getByText('41 shown, which is all of them').waitFor();
    await page.getByRole('button', { name: /^Take away the filter: Unpriced: The model/ }).click();
    await expect.poll(() => page.getByTestId('calls-sum').innerText()).toBe('48 calls unpriced');
  });

  it('are not billed, and the Stripe screen says so beside the differences to settle', async () => {
    await show('/stripe');
    await page.getByText('48 calls of 1 customer are unpriced').waitFor();
    await page.getByRole('heading', { name: /^Differences to settle · \d+ calls/ }).waitFor();
    const table = page.getByRole('table', { name: /What Stripe was told of each call/ });
    const cells = await table.getByRole('row').nth(1).getByRole('cell').allInnerTexts();
    const [sent = '', due = '', difference = ''] = cells.slice(3).map((cell) => cell.replace(/[+$]/g, ''));
    expect(Number(difference)).toBeCloseTo(Number(due) - Number(sent), 9);
    expect(Number(difference)).toBeGreaterThan(0);
    await page.screenshot({ path: join(results, 'stripe-differences.png') });

    await table.getByRole('link').first().click();
    const panel = page.getByRole('dialog');
    await panel.getByText('Stripe was told').waitFor();
    await panel.getByRole('table', { name: /before each correction/ }).waitFor();
    await panel.getByText(`Priced again by price book ${dearBook.version}`).waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
  });
});

describe('a long list of calls', () => {
  it('reads on by itself as it is scrolled, to its end', async () => {
    await show('/calls');
    await page.getByText('100 shown').waitFor();
    await page.getByRole('button', { name: 'Show older' }).click();
    await page.getByText('300 shown').waitFor();
    const frame = page.getByRole('table', { name: /^Settled calls/ }).locator('xpath=..');
    const scrollDown = () => frame.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await expect
      .poll(async () => {
        await scrollDown();
        return page.getByText(/shown, which is all of them/).count();
      })
      .toBe(1);
    expect(await page.getByText(/^\d+ shown/).innerText()).toMatch(/^4\d\d shown, which is all of them$/);
    // Only those in sight are drawn.
    expect(await page.getByRole('row').count()).toBeLessThan(120);
  });
});

describe('one call', () => {
  it('shows two counts that disagree, who told of it, and how it was served', async () => {
    await show('/calls/call_passes');
    const panel = page.getByRole('dialog');
    const row = panel.getByRole('row', { name: /^Input, not cached 10,000 1,000$/ });
    await row.waitFor();
    await panel.getByText('the proxy; also told by a Claude Code transcript, counted once').waitFor();
    await panel.getByText('inference in us').waitFor();
  });

  it('that repeats another leads to it', async () => {
    await show('/calls/call_repeat');
    const panel = page.getByRole('dialog');
    await panel.getByRole('link', { name: 'an earlier call' }).click();
    await panel.getByText('call_first', { exact: true }).waitFor();
  });
});

describe('batches', () => {
  it('that wait are told on the Live screen', async () => {
    await show('/');
    const table = page.getByRole('table', { name: /Message batches/ });
    await table.getByRole('row', { name: /bo · research.*1,200.*ended: fetch its results.*13 Dec/ }).waitFor();
    await table.getByRole('row', { name: /84.*in progress/ }).waitFor();
  });
});

describe('every screen of such a ledger', () => {
  it('fits a narrow screen', async () => {
    await page.setViewportSize({ width: 320, height: 720 });
    const screens = [
      ['/', 'Batches waiting'],
      ['/month', 'have no price'],
      ['/month?by=day', 'have no price'],
      ['/calls?status=unpriced', 'which is all of them'],
      ['/calls/call_passes', 'Two counts that disagree'],
      ['/prices', 'corrected since'],
      ['/stripe', 'Differences to settle'],
    ] as const;
    for (const [path, words] of screens) {
      await show(path);
      await page.getByText(words).first().waitFor();
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: path }).toBe(320);
    }
    await page.setViewportSize({ width: 1_280, height: 860 });
  });
});

describe('the Prices screen', () => {
  it('lists what is used first, finds a model, and tells everything of it by keyboard', async () => {
    await show('/prices');
    await expect.poll(() => page.getByTestId('book-in-force').innerText()).toBe(currentBook.version);
    const table = page.getByRole('table', { name: /Prices of every model/ });
    expect(await table.getByRole('row').nth(1).innerText()).toMatch(
      new RegExp(`${unknownModel}[^]*41 calls unpriced[^]*not in this book`),
    );
    expect(await table.getByRole('row').nth(2).innerText()).toMatch(/claude-opus-5-5[^]*\$\d/);
    for (const { sentence } of notMetered) await page.getByText(sentence).waitFor();

    await page.getByRole('searchbox', { name: 'Find a model' }).fill('sonnet 5.5');
    await expect.poll(() => table.getByRole('row').count()).toBe(2);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const model = page.getByRole('button', { name: 'claude-sonnet-5-5' });
    expect(await model.getAttribute('aria-expanded')).toBe('true');
    await page.getByRole('rowheader', { name: 'Standard until 2026-10-07' }).waitFor();
    await page.getByText('high, checked on 2026-11-24').waitFor();
    await page.screenshot({ path: join(results, 'prices.png') });
    await page.getByRole('searchbox', { name: 'Find a model' }).fill('no such model');
    await page.getByText('No model of this book is called “no such model”.').waitFor();
  });

  it('leads to the calls that another book priced and that were corrected', async () => {
    await show('/prices');
    await page.getByText(`priced by ${dearBook.version}`).waitFor();
    await page
      .getByRole('link', { name: /^\d+ calls?$/ })
      .last()
      .click();
    await page.waitForURL(/status=corrected/);
    await page.getByTestId('calls-sum').waitFor();
  });

  it('says what is wrong with a file, and offers nothing else', async () => {
    await show('/prices');
    const rates = { ...openPeriod.standard, input: 5 };
    const wrong = overFile([{ ...someModel, periods: [{ ...openPeriod, standard: rates }] }]);
    await choose('wrong.json', wrong);
    await page.getByText('wrong.json cannot be used:').waitFor();
    await page.getByRole('row', { name: /standard\.input.*looks like dollars/ }).waitFor();
    expect(await page.getByRole('button', { name: /in force$/ }).count()).toBe(0);
    await choose('large.json', ' '.repeat(1_000_001));
    await page.getByText('large.json is larger than 1 MB').waitFor();
  });

  it('puts a file in force, tries it on past calls, and prices them again', async () => {
    await show('/prices');
    await choose('own.json', overFile([{ ...someModel, id: unknownModel }], { version: 'own-1' }));
    await page.getByText(`Models added: ${unknownModel}`).waitFor();
    expect(existsSync(join(engine.home, 'price-book.json'))).toBe(false);
    await page.getByRole('button', { name: 'Put own-1 in force' }).click();
    await page.getByText('Price book own-1 is in force.').waitFor();
    await expect.poll(() => page.getByTestId('book-in-force').innerText()).toBe('own-1');
    expect(existsSync(join(engine.home, 'price-book.json'))).toBe(true);

    await page.getByRole('button', { name: 'Try with all calls' }).click();
    await page.getByText('41 of them had no price.').waitFor();
    await page.screenshot({ path: join(results, 'prices-trial.png'), fullPage: true });
    await page.getByRole('button', { name: /^Price \d+ calls again$/ }).click();
    await page.getByText('The old figures stay visible beside the new ones.').waitFor();
    await show('/month');
    await page.getByText('7 calls of this month have no price').waitFor();
    await show('/');
    await page
      .getByText(/^\d+ calls? unpriced$/)
      .first()
      .waitFor();
    await expect.poll(() => page.getByRole('main').innerText()).not.toContain(`The model ${unknownModel}`);
  });

  it('goes back to the book that ships, asked twice', async () => {
    await show('/prices');
    await page.getByRole('button', { name: 'Go back to the book that ships…' }).click();
    await page.getByRole('button', { name: 'Go back to it' }).click();
    await expect.poll(() => page.getByTestId('book-in-force').innerText()).toBe(currentBook.version);
    expect(existsSync(join(engine.home, 'price-book.json'))).toBe(false);
  });
});

async function choose(name: string, text: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-file-'));
  homes.push(folder);
  writeFileSync(join(folder, name), text);
  await page.getByLabel('Choose a price file…').setInputFiles(join(folder, name));
}

describe('the console', () => {
  it('has nothing to complain about in the console', () => {
    expect(complaints).toEqual([]);
  });
});

describe('a ledger without calls', () => {
  it('has its prices, and no word of what is unpriced or to be settled', async () => {
    const empty = await openEngine(null);
    const visitor = await openPage(browser, { link: empty.link, complaints });
    await visitor.goto(`${empty.dashboardUrl}/prices`);
    await visitor.getByText('No calls in November 2026 yet.').waitFor();
    await visitor.getByRole('button', { name: 'claude-opus-5-5' }).waitFor();
    const screens = [
      ['/', 'No calls yet'],
      ['/month', 'No calls in November 2026'],
      ['/calls', 'No calls yet'],
      ['/stripe', 'No meter events yet'],
    ] as const;
    for (const [path, words] of screens) {
      await visitor.goto(`${empty.dashboardUrl}${path}`);
      await visitor.getByText(words).waitFor();
      await visitor.setViewportSize({ width: 320, height: 720 });
      // The screen is laid out again a moment after its size changed.
      await expect
        .poll(() => visitor.evaluate(() => document.documentElement.scrollWidth), { message: path })
        .toBe(320);
      expect(await visitor.getByRole('main').innerText(), path).not.toMatch(
        /calls? unpriced|no price|Differences|Batches waiting/,
      );
    }
    await visitor.close();
    await empty.close();
  });
});
