/** A page of the dashboard in a real browser, opened by its link. What it complains of, on its console or by an exception, is added to `complaints`. */
import type { Browser, Page } from 'playwright-core';

export type PageWish = { readonly link: string; readonly complaints: string[]; readonly height?: number };

export async function openPage(browser: Browser, { link, complaints, height = 860 }: PageWish): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height }, colorScheme: 'light' });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(link);
  return page;
}
