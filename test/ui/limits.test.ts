/**
 * What a person sees of limits, over an engine and a simulated Anthropic that conversations were played through: the gauge calm, warned and refused, the
 * click that lets one on, stopped calls, budgets. `TOLLKEEPER_GAUGE_PICTURE=docs/gauge.png npx vitest run --project ui test/ui/limits.test.ts` takes
 * the picture of docs/limits.md.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import Anthropic from '@anthropic-ai/sdk';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startSandboxAnthropic, type SandboxAnthropic } from '../../main/sandbox/anthropic-server.ts';
import { launchChromium } from '../kit/chromium.ts';
import { openTalk, type Talk } from '../kit/talk.ts';
import { createShiftedClock, startTestEngine, type TestEngine } from '../kit/test-engine.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'test-results');
const picture = process.env['TOLLKEEPER_GAUGE_PICTURE'];
const rendererFolder = join(root, 'out', 'renderer');

const opus = 'claude-opus-5-5';
const session = '4c1f9a2e-77aa-4f3c-9d10-1c2d3e4f5a6b';
/** So far into the five minutes of a cache that little time is left to act. */
const pauseMs = 228_000;

const sandboxClock = createShiftedClock();
const complaints: string[] = [];
/** As a team has them that names its members by address. */
const longName = 'someone.with.a.rather.long.name@example.com';
let anthropic: SandboxAnthropic;
let engine: TestEngine;
let browser: Browser;
let page: Page;
let full: Talk;
let huge: Talk;
let refusal: unknown;
let budgetRefusal: unknown;

const talk = (member: string, project: string, model: string, more: object = {}) =>
  openTalk({ baseUrl: engine.proxyUrl, member, project, model, ...more });

async function openPage(link: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 1_000 }, colorScheme: 'light' });
  const opened = await context.newPage();
  opened.on('pageerror', (error) => complaints.push(error.message));
  await opened.goto(link);
  return opened;
}

async function inTurn(one: Talk, sizes: readonly number[]): Promise<void> {
  for (const tokens of sizes) await one.say(tokens);
}

/** The pause comes before the last turns, so that only the conversations that are to grow cold have waited. */
async function play(): Promise<void> {
  await inTurn(talk('alice', 'webshop', opus), [60_000, 12_000, 10_000, 9_000]);
  full = talk('carla', 'checkout', opus, { session });
  await inTurn(full, [70_000, 20_000]);
  engine.clock.putAhead(pauseMs);
  sandboxClock.putAhead(pauseMs);
  await inTurn(talk('bo', 'search', 'claude-sonnet-5-5'), [20_000, 1_200, 900]);
  refusal = await full.say(30_000).catch((error: unknown) => error);
  await talk('carla', 'checkout', 'claude-haiku-5-5', { session, agent: 'reviewer' }).say(4_000);
  const poor = talk('dave', 'ops', opus);
  await poor.say(40_000);
  budgetRefusal = await poor.say(1_000).catch((error: unknown) => error);
  huge = talk('erin', 'archive', opus);
  await expect(huge.say(180_000)).rejects.toThrow('prompt is too long');
  await engine.settled(14);
}

const show = (path: string) => page.goto(`${engine.dashboardUrl}${path}`);
const card = (who: string) => page.getByRole('article', { name: `Conversation of ${who}`, exact: true });
const fact = (one: Locator, name: string) =>
  one.locator('dt', { hasText: name }).locator('xpath=following-sibling::dd[1]');
const shoot = (name: string) => page.screenshot({ path: join(results, `${name}.png`), fullPage: true });

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  anthropic = await startSandboxAnthropic({ clock: sandboxClock });
  const budgets = [
    { of: 'member' as const, name: 'dave', per: 'day' as const, usd: 0.2 },
    { of: 'project' as const, per: 'day' as const, usd: 1 },
    { of: 'team' as const, per: 'month' as const, usd: 40 },
    { of: 'member' as const, name: longName, per: 'month' as const, usd: 100 },
  ];
  const projects = { research: { contextLimitTokens: 300_000 } };
  engine = await startTestEngine({
    upstream: anthropic.url,
    rendererFolder,
    settings: { limits: { budgets, projects } },
  });
  await play();
  browser = await launchChromium();
  page = await openPage(engine.link);
});

afterAll(async () => {
  await browser.close();
  await engine.close();
  await anthropic.close();
});

describe('the gauge of a conversation', () => {
  it('is calm where there is nothing to do, and says every count in plain words too', async () => {
    const calm = card('bo, search');
    await calm.waitFor();
    expect(await calm.getByRole('meter').getAttribute('aria-valuetext')).toMatch(
      /^2[2-4],\d{3} tokens, about 2\d pages of text, 2[2-4] % of the limit of 100,000; 2\d,\d{3} read from the cache/,
    );
    expect(await calm.getByText('% of limit').innerText()).toMatch(/^2[2-4] % of limit$/);
    expect(await fact(calm, 'Context').innerText()).toMatch(/^2\d,\d{3} tokens\s*about 2\d pages$/);
    expect(await fact(calm, 'Growth').innerText()).toMatch(/^\+1,\d{3} a turn\s*about .+; limit in \d+ turns$/);
    expect(await fact(calm, 'Window').innerText()).toMatch(/^\d % of [\d,]+\s*about [\d,]+ pages$/);
    expect(await fact(calm, 'So far').innerText()).toMatch(/^\$0\.\d{4} in 3 turns$/);
    expect(await fact(calm, 'Next turn').innerText()).toMatch(/^about \$0\.\d+ → \$0\.\d+ in (?:5:00|[34]:\d\d)$/);
    expect(await fact(calm, 'Cached').innerText()).toMatch(/^\d\d % of the prompt, for\u00a05\u00a0min$/);
    expect(await calm.getByRole('button').count()).toBe(0);
  });

  it('warns with the number and a remedy, and counts down to the end of the cache with the price of letting it', async () => {
    const warned = card('alice, webshop');
    expect(await warned.getByText('% of limit').first().innerText()).toMatch(/^9\d % of limit$/);
    await warned
      .getByText(/holds 9\d,\d{3} tokens \(about 1\d\d pages of text\), 9\d % of its limit of 100,000\. Compact it/)
      .waitFor();
    const notice = warned.getByText(/Its cache expires in \d:\d\d; the next turn then costs/);
    const said = await notice.innerText();
    expect(said).toMatch(
      /^Its cache expires in 1:\d\d; the next turn then costs \d+(\.\d)? times as much, about \$0\.\d+ instead of \$0\.\d+\. Send it now, or begin a new one with a summary\.$/,
    );
    await expect.poll(() => notice.innerText(), { timeout: 5_000 }).not.toBe(said);
    await warned.getByText(/\d earlier warnings?/).click();
    await warned.getByText(/5\d % of its limit|6\d % of its limit/).waitFor();
    await warned.getByText(/\d earlier warnings?/).click();
  });

  it('turns red when its next call is refused, with what it would have cost and what its client was told', async () => {
    expect(refusal).toBeInstanceOf(Anthropic.BadRequestError);
    const stopped = card('carla, checkout');
    await stopped.getByText('stopped', { exact: true }).waitFor();
    await stopped
      .getByText(
        /was stopped: over the context limit\. It would have cost about \$0\.\d+; nothing was spent\. Compact it/,
      )
      .waitFor();
    expect(await stopped.getByRole('meter').getAttribute('aria-valuetext')).toMatch(
      /; its next call was stopped, over the context limit$/,
    );
    await stopped.getByText('What its client was told').click();
    await stopped.getByText(/“prompt is too long: \d+ tokens > 100000 maximum\./).waitFor();
    await stopped.getByText('What its client was told').click();
    expect(await page.getByRole('link', { name: /^Live/ }).innerText()).toMatch(/3 stopped/);
    // Stopped first, whatever is fuller.
    expect(await page.getByRole('article').first().getAttribute('aria-label')).toMatch(/carla|dave/);
  });

  it('is looked at in both themes and narrow, without a scroll to the side', async () => {
    await shoot('gauge-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shoot('gauge-dark');
    await page.setViewportSize({ width: 320, height: 800 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    await shoot('gauge-narrow');
    await page.setViewportSize({ width: 1_280, height: 1_000 });
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });

  if (picture !== undefined) {
    it('has its picture taken', async () => {
      await page.setViewportSize({ width: 1_280, height: 1_400 });
      const box = await page.getByRole('region', { name: /^Conversations of the last/ }).boundingBox();
      if (box === null) throw new Error('the conversations are on the page');
      const clip = { x: box.x - 16, y: box.y - 8, width: box.width + 32, height: box.height + 24 };
      await page.screenshot({ path: picture, clip });
      await page.setViewportSize({ width: 1_280, height: 1_000 });
    });
  }
});

describe('a subagent', () => {
  it('has a card of its own that leads to the conversation it came from', async () => {
    const agent = card('carla, checkout, from 4c1f9a2e-77a…');
    await agent.getByRole('link', { name: '4c1f9a2e-77a…' }).click();
    await page.getByRole('button', { name: /^Take away the filter: One conversation/ }).waitFor();
    await expect.poll(() => page.getByRole('row').count()).toBe(4);
    await page.goBack();
  });
});

describe('letting a conversation on', () => {
  it('is one click for an hour, after which its calls pass, and one to take it back', async () => {
    const stopped = card('carla, checkout');
    await stopped.getByRole('button', { name: 'for an hour' }).click();
    await stopped.getByText(/Let on until \d\d:\d\d/).waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Take it back');
    await stopped.getByText('stopped', { exact: true }).waitFor({ state: 'detached' });
    const answer = await full.say(12_000);
    expect(answer.stop_reason).not.toBeNull();
    await stopped.getByText(/^1\d\d % of limit$/).waitFor();
    expect(await fact(stopped, 'Growth').innerText()).toMatch(/; beyond the limit$/);

    await stopped.getByRole('button', { name: 'Take it back' }).click();
    await stopped.getByRole('button', { name: 'for an hour' }).waitFor();
    await expect(full.say(1_000)).rejects.toThrow('prompt is too long');
  });

  it('works where the very first call was stopped, which has no card', async () => {
    const stopped = page.getByRole('region', { name: 'Stopped in the last hour' }).getByRole('article');
    await stopped.getByText('erin · archive').waitFor();
    await stopped
      .getByText(/over the context limit\. It would have cost about \$\d\.\d\d; nothing was spent\./)
      .waitFor();
    await stopped.getByRole('button', { name: 'for an hour' }).click();
    await stopped.getByText(/Let on until \d\d:\d\d/).waitFor();
    await huge.say(180_000);
    await card('erin, archive').getByText('let on', { exact: true }).waitFor();
    await stopped.waitFor({ state: 'detached' });
    await card('erin, archive').getByRole('button', { name: 'Take it back' }).click();
    await card('erin, archive').getByRole('button', { name: 'for an hour' }).waitFor();
  });

  it('for good asks once more, and the careful answer has the focus', async () => {
    const stopped = card('carla, checkout');
    await stopped.getByText('stopped', { exact: true }).waitFor();
    await stopped.getByRole('button', { name: 'for good…' }).focus();
    await page.keyboard.press('Enter');
    await stopped.getByRole('alertdialog').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Keep the limits');
    await page.keyboard.press('Escape');
    await stopped.getByRole('alertdialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('for good…');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await stopped.getByText(/^Let on for good/).waitFor();
    await full.say(1_000);
  });
});

describe('refused calls', () => {
  it('are in the list with what they would have cost, and explained in their panel', async () => {
    await show('/calls?status=refused');
    await page.getByText(/were refused by limits and cost nothing; they would have cost about \$\d+\.\d\d\./).waitFor();
    const row = page.getByRole('row', { name: /carla · checkout/ }).first();
    expect(await row.innerText()).toMatch(/refused\s+would have cost \$0\.\d+/);
    await row.click();
    const panel = page.getByRole('dialog');
    await panel.getByText('Tollkeeper refused it; it never left this machine.').waitFor();
    await panel.getByText(/^It would have cost about \$0\.\d+\. Nothing was spent\.$/).waitFor();
    await panel.getByText(/Its client was told: “prompt is too long/).waitFor();
    await panel.getByText(/^Let on for good/).waitFor();
    await page.screenshot({ path: join(results, 'refused-call.png') });
    await panel.getByTitle('All its calls').first().click();
    await panel.waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.get('conversation')).not.toBeNull();
    await row.waitFor();
  });
});

describe('the month', () => {
  it('says what was refused in it and would have cost, and leads to those calls', async () => {
    await show('/month');
    await page.getByText(/refused by limits and cost nothing; they would have cost about \$\d+\.\d\d\./).waitFor();
    await page.getByRole('link', { name: 'Show them' }).click();
    await page
      .getByRole('row', { name: /carla · checkout/ })
      .first()
      .waitFor();
    expect(new URL(page.url()).searchParams.get('status')).toBe('refused');
  });
});

describe('a notification of the desktop app that is clicked', () => {
  it('leads the open page to the conversation, without loading it anew', async () => {
    const context = await browser.newContext({ viewport: { width: 1_280, height: 1_000 } });
    const opened = await context.newPage();
    // What the preload gives the page; the shell's side is held by test/unit/shell/notifications.test.ts.
    await opened.addInitScript(() => {
      const listeners = new Set<(path: string) => void>();
      Object.assign(window, {
        open_: (path: string) => listeners.forEach((listener) => listener(path)),
        tollkeeperDesktop: {
          onOpen: (listener: (path: string) => void) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
          },
        },
      });
    });
    await opened.goto(engine.link);
    await opened.getByRole('article').first().waitFor();
    await opened.evaluate(() => Object.assign(window, { isSamePage: true }));
    const open = (path: string) =>
      opened.evaluate((to) => (window as unknown as { open_: (path: string) => void }).open_(to), path);
    await open(`/calls?${new URLSearchParams({ conversation: session })}`);
    await opened.getByRole('button', { name: `Take away the filter: One conversation ${session}` }).waitFor();
    await opened
      .getByRole('row', { name: /carla · checkout/ })
      .first()
      .waitFor();
    await open('/limits');
    await opened.getByTestId('budget-left').waitFor();
    expect(await opened.evaluate(() => 'isSamePage' in window)).toBe(true);
    await context.close();
  });
});

describe('the Limits screen', () => {
  it('opens with what is left of the budget nearest to its end, and lines up all of them', async () => {
    expect(budgetRefusal).toBeInstanceOf(Anthropic.RateLimitError);
    await show('/limits');
    expect(await page.getByTestId('budget-left').innerText()).toBe('$0.00 left');
    const spent = page.getByRole('row', { name: /^member dave/ });
    expect(await spent.innerText()).toMatch(/\$0\.20\s+\$0\.2\d\s+–\s+\$0\.00\s+\d+ %.+spent/s);
    expect(await spent.getByRole('meter').getAttribute('aria-valuetext')).toMatch(/^\d{3,} % spent, spent$/);
    expect(await page.getByRole('row', { name: /^the team/ }).innerText()).toMatch(/month\s+\$40\.00/);
    await page.getByRole('row', { name: /^project webshop/ }).waitFor();
  });

  it('shows what a call on its way has reserved, until it has ended', async () => {
    const row = page.getByRole('row', { name: /^project search/ });
    const reserved = row.getByRole('cell').nth(4);
    expect(await reserved.innerText()).toBe('–');
    const left = new AbortController();
    const slow = new Anthropic({
      apiKey: 'sk-ant-test',
      baseURL: `${engine.proxyUrl}/@bo/search`,
      maxRetries: 0,
      defaultHeaders: { 'x-sandbox-fault': 'slow=1000' },
    });
    const messages = [{ role: 'user' as const, content: 'paper '.repeat(20_000) }];
    const call = slow.messages.create({ model: opus, max_tokens: 400, messages }, { signal: left.signal });
    await expect.poll(() => reserved.innerText(), { timeout: 8_000 }).toMatch(/^\$0\.\d\d$/);
    left.abort();
    await expect(call).rejects.toThrow('aborted');
    await expect.poll(() => reserved.innerText(), { timeout: 8_000 }).toBe('–');
  });

  it('says the rules as sentences, who was let on, and how to change it', async () => {
    await page.getByText(/^A prompt of more than 100,000 tokens \(about 110 pages of text\) is stopped/).waitFor();
    await page.getByText('A call that is expected to cost more than $10.00 is stopped before it is sent.').waitFor();
    await page.getByText(/A prompt of more than 300,000 tokens/).waitFor();
    await page.getByText(/^Budgets: the member dave, \$0\.20 a day; each project, \$1\.00 a day; the team/).waitFor();
    await page.getByRole('button', { name: 'Change the limits' }).waitFor();
    await shoot('limits-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shoot('limits-dark');
    await page.setViewportSize({ width: 320, height: 800 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    const outOfSight = () =>
      page
        .locator('td, li, p')
        .evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().right > 320).length);
    await expect.poll(outOfSight).toBe(0);
    expect(await page.getByRole('row', { name: longName }).getByText('$100.00').first().isVisible()).toBe(true);
    await shoot('limits-narrow');
    await page.setViewportSize({ width: 1_280, height: 1_000 });
    await page.emulateMedia({ colorScheme: 'light' });

    await page
      .getByRole('region', { name: 'Let on past their limits' })
      .getByRole('button', { name: 'Take it back' })
      .click();
    await page.getByText(/^None\. One click on a conversation/).waitFor();
  });

  it('says so when it cannot be read, and when nothing is set', async () => {
    const broken = await openPage(engine.link);
    await broken.route('**/api/limits', (route) => route.abort());
    await broken.goto(`${engine.dashboardUrl}/limits`);
    await broken.getByRole('alert').getByText('Tollkeeper does not answer.').waitFor();
    await broken.close();

    const bare = await startTestEngine({ upstream: 'http://127.0.0.1:9', rendererFolder });
    const visitor = await openPage(bare.link);
    await visitor.goto(`${bare.dashboardUrl}/limits`);
    await visitor.getByText('100,000 tokens', { exact: true }).waitFor();
    await visitor.getByText('None is set, or nobody it is for has spent anything yet.').waitFor();
    await visitor.screenshot({ path: join(results, 'limits-empty.png') });
    await visitor.close();
    await bare.close();
  });
});

describe('an engine that is gone', () => {
  it('leaves the gauges with since when they are old, and says why nothing can be let on', async () => {
    await show('/');
    const old = card('alice, webshop');
    await old.waitFor();
    await engine.stop();
    await page.getByText(/Not connected to Tollkeeper since/).waitFor();
    await old.getByRole('button', { name: 'for an hour' }).click();
    await old.getByRole('alert').getByText('Tollkeeper does not answer.').waitFor();
    await shoot('gauge-stale');
    await engine.start();
    expect(complaints).toEqual([]);
  });
});
