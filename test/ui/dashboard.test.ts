/** The dashboard in a real browser, as a newcomer meets it: `npm start -- --demo`, then every screen, by eye-sized checks and by keyboard. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { callsPageSchema } from '../../shared/contract/api.ts';
import { launchChromium } from '../kit/chromium.ts';
import { startTestEngine } from '../kit/test-engine.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'test-results');
/** `TOLLKEEPER_PICTURE=docs/live.png npx vitest run --project ui` takes the README's picture, after the team has worked for a while. */
const picture = process.env['TOLLKEEPER_PICTURE'];

const home = mkdtempSync(join(tmpdir(), 'tollkeeper-ui-'));
let browser: Browser;
let demo: ChildProcess;
let dashboard: URL;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  mkdirSync(results, { recursive: true });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  const exited = once(demo, 'exit');
  demo.kill('SIGINT');
  await exited;
  rmSync(home, { recursive: true, force: true });
});

async function openPage(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 860 }, colorScheme: 'light' });
  const opened = await context.newPage();
  opened.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  opened.on('pageerror', (error) => complaints.push(error.message));
  return opened;
}

const amount = async () =>
  Number(/[\d.]+/.exec((await page.getByTestId('meter-today').getAttribute('aria-label')) ?? '')?.[0] ?? Number.NaN);

describe('npm start -- --demo', () => {
  it('shows the meter moving within five seconds of the page’s opening', async () => {
    const flags = ['--demo', '--json', '--home', home, '--port', '0', '--ui-port', '0'];
    const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...env } = process.env;
    demo = spawn(process.execPath, [join(root, 'scripts/start.ts'), ...flags], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env,
    });
    const [line] = (await once(demo.stdout ?? demo, 'data')) as [Buffer];
    dashboard = new URL((JSON.parse(line.toString()) as { dashboard: string }).dashboard);
    page = await openPage();

    const openedAtMs = performance.now();
    await page.goto(dashboard.href);
    await page.getByTestId('meter-today').waitFor();
    await expect.poll(amount, { timeout: 5_000, interval: 50 }).toBeGreaterThan(0);
    const first = await amount();
    await expect
      .poll(amount, { timeout: 5_000 - (performance.now() - openedAtMs), interval: 50 })
      .toBeGreaterThan(first);

    expect(performance.now() - openedAtMs).toBeLessThan(5_000);
    expect(page.url()).not.toContain('token');
    await page.screenshot({ path: join(results, 'live.png') });
  });

  it('is labelled as demo data everywhere', async () => {
    for (const path of ['/', '/month', '/calls', '/limits', '/stripe']) {
      await page.goto(new URL(path, dashboard.origin).href);
      await page.getByTestId('demo-label').waitFor();
      expect(await page.title()).toContain('demo data');
    }
  });

  it('says the month in a sentence, a chart and a table, by any dimension', async () => {
    await page.goto(`${dashboard.origin}/month`);
    await page.getByRole('figure').waitFor();
    await page.getByRole('cell', { name: 'webshop' }).waitFor();
    await page.getByRole('combobox', { name: /^By/ }).selectOption('member');
    await page.getByRole('cell', { name: 'alice' }).waitFor();
    expect(page.url()).toContain('by=member');
    await page.screenshot({ path: join(results, 'month.png') });
  });

  it('explains one call, opened and closed by keyboard', async () => {
    const filter = 'calls?status=complete&member=alice';
    // Whoever is first at work is drawn.
    const projects = async () => {
      const answer = await page.request.get(`${dashboard.origin}/api/${filter}`);
      return callsPageSchema.parse(await answer.json()).calls.map(({ project }) => project);
    };
    await expect.poll(projects, { timeout: 30_000 }).toContain('webshop');
    await page.goto(`${dashboard.origin}/${filter}`);
    const row = page.getByRole('row', { name: /alice · webshop/ }).first();
    await row.focus();
    await page.keyboard.press('Enter');
    const panel = page.getByRole('dialog');
    await panel.getByRole('row', { name: /Sum/ }).waitFor();
    const texts = await panel.getByRole('row').allInnerTexts();
    const amounts = texts.slice(1).map(toPico);
    const sum = amounts.at(-1);
    expect(amounts.slice(0, -1).reduce((total, part) => total + part, 0n)).toBe(sum);
    expect(sum).toBeGreaterThan(0n);
    await page.screenshot({ path: join(results, 'call.png') });
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.waitForURL(/\/calls\?status=complete&member=alice$/);
  });

  it('shows what waits for Stripe and sends it', async () => {
    await page.goto(`${dashboard.origin}/stripe`);
    await page.getByTestId('stripe-waiting').waitFor();
    await page.getByText('billed to nobody').waitFor();
    await page.getByRole('button', { name: 'Send now' }).click();
    await page
      .getByText(/delivered/)
      .first()
      .waitFor();
    await page.screenshot({ path: join(results, 'stripe.png') });
  });

  it('is dark when asked, and stays so', async () => {
    await page.goto(dashboard.origin);
    await page.getByRole('button', { name: 'Dark theme' }).click();
    await page.reload();
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
      'rgb(17, 19, 17)',
    );
    await page.screenshot({ path: join(results, 'live-dark.png') });
    await page.getByRole('button', { name: 'Light theme' }).click();
  });

  it('fits a narrow screen, with the rail behind a button', async () => {
    await page.setViewportSize({ width: 320, height: 720 });
    for (const path of ['/', '/month', '/calls', '/limits', '/stripe']) {
      await page.goto(new URL(path, dashboard.origin).href);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: path }).toBe(320);
    }
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('link', { name: 'Month' }).click();
    await page.getByRole('figure').waitFor();
    await page.screenshot({ path: join(results, 'narrow.png') });
    await page.setViewportSize({ width: 1_280, height: 860 });
  });

  it('has nothing to complain about in the console, the security policy included', () => {
    expect(complaints).toEqual([]);
  });

  if (picture !== undefined) {
    it('has its picture taken', { timeout: 240_000 }, async () => {
      await page.goto(dashboard.origin);
      await page.waitForTimeout(150_000);
      await page.screenshot({ path: picture });
    });
  }
});

/** Every digit of an amount, as pico-dollars. */
function toPico(text: string): bigint {
  const [, sign = '', whole = '0', fraction = ''] = /(−?)\$(\d+)\.(\d+)\s*$/.exec(text) ?? [];
  return BigInt(`${sign === '' ? '' : '-'}${whole}${fraction.padEnd(12, '0')}`);
}

describe('a dashboard without calls or without its engine', () => {
  it('tells a newcomer what to do, and a stranger that this browser has no key', async () => {
    const engine = await startTestEngine({
      upstream: 'http://127.0.0.1:9',
      rendererFolder: join(root, 'out', 'renderer'),
    });
    const visitor = await openPage();
    await visitor.goto(engine.dashboardUrl);
    await visitor.getByText('This browser has no key to the dashboard').waitFor();

    await visitor.goto(engine.link);
    await visitor.getByText('No calls yet').waitFor();
    await visitor.getByText(`export ANTHROPIC_BASE_URL=${engine.proxyUrl}`).waitFor();
    await visitor.screenshot({ path: join(results, 'empty.png') });

    await engine.close();
    await visitor.getByText(/Not connected to Tollkeeper since/).waitFor();
    await visitor.screenshot({ path: join(results, 'stale.png') });
    await visitor.close();
  });
});
